import { entry } from './entry.ts'

/** Errors of the HTTP API itself: what is wrong with a request before anything is asked of a plane. */
export const apiErrors = {
  'api/no-key': entry({
    status: 401,
    retry: 'never',
    title: 'The request has no API key',
    sample: {},
    message: () =>
      `The request carries no API key. Send one as "Authorization: Bearer mr_…"; the owner's stands in owner.key in the data directory.`,
  }),
  'api/wrong-key': entry({
    status: 401,
    retry: 'never',
    title: 'The API key is not valid',
    sample: {},
    message: () =>
      `The API key is mistyped, expired or revoked, or belongs to another data directory. Use another one, or have a new one made.`,
  }),
  'api/bad-request': entry({
    status: 400,
    retry: 'never',
    title: 'The request cannot be read',
    sample: { problems: 'query.limit: expected a number' },
    message: (d) =>
      `The request cannot be used: ${d.problems}. Correct it as /api/v1/openapi.json describes and send it again.`,
  }),
  'api/no-gateway': entry({
    status: 404,
    retry: 'never',
    title: 'The gateway is closed to clients',
    sample: {},
    message: () =>
      `This server takes no model calls from clients: its project does not say what they are held to. Set "gateway" with the budgets that apply in millrace.config.ts and start the server again.`,
  }),
  'api/no-such-path': entry({
    status: 404,
    retry: 'never',
    title: 'There is nothing at this address',
    sample: { method: 'GET', path: '/api/v1/run' },
    message: (d) => `There is no ${d.method} ${d.path} here. /api/v1/openapi.json lists what there is.`,
  }),
  'api/no-such-method': entry({
    status: 405,
    retry: 'never',
    title: 'The address takes another method',
    sample: { method: 'PUT', path: '/api/v1/runs', allowed: 'GET' },
    message: (d) =>
      `${d.path} does not take ${d.method}, only ${d.allowed}. Send it so; /api/v1/openapi.json says what each does.`,
  }),
  'api/wrong-type': entry({
    status: 415,
    retry: 'never',
    title: 'The body is of a type that is not taken here',
    sample: { type: 'text/plain', wanted: 'application/json' },
    message: (d) =>
      `The body's content type is ${d.type}, and this address takes ${d.wanted}. Nothing was read of it; name its type in the Content-Type header.`,
  }),
  'api/too-large': entry({
    status: 413,
    retry: 'never',
    title: 'The request is too large',
    sample: { most: 1_048_576 },
    message: (d) =>
      `The request has more than ${d.most} bytes, which is the most that this address takes. Send less, or send it in parts.`,
  }),
  'api/headers-too-large': entry({
    status: 431,
    retry: 'never',
    title: 'The address or the headers are too large',
    sample: {},
    message: () =>
      `The request's address and headers together have more than 16 kB. Send less of them; what is long belongs into the body.`,
  }),
  'api/too-slow': entry({
    status: 408,
    retry: 'backoff',
    title: 'The request came too slowly',
    sample: {},
    message: () =>
      `The request was not complete within the time that it may take: ten seconds for its headers, a minute for all of it. Nothing was accepted; send it again, faster or in parts.`,
  }),
  'api/failed': entry({
    status: 500,
    retry: 'backoff',
    title: 'The request failed inside Millrace',
    sample: { incident: 'evt_0' },
    message: (d) =>
      `Something failed inside Millrace that should not; nothing half done was kept. Try again; if it happens again, look for ${d.incident} in the server's log and report it.`,
  }),
  'api/wrong-host': entry({
    status: 403,
    retry: 'never',
    title: 'The server does not go by this name',
    sample: { host: 'evil.example' },
    message: (d) =>
      `Without a key the API answers only under localhost, an IP address or a name of MILLRACE_HOSTS, and ${d.host} is none: another site could have pointed its name here. Add the name if it is yours.`,
  }),
  'api/other-site': entry({
    status: 403,
    retry: 'never',
    title: 'The request comes from another site, or lacks its token',
    sample: { why: 'the header millrace-csrf is missing' },
    message: (d) =>
      `The session was not used, because ${d.why}. Send the request from the console itself, with the value of GET /api/v1/session.`,
  }),
} as const
