import { entry } from './entry.ts'

/** Errors of starting and stopping: the data directory, the embedded engines, the API's port. */
export const serverErrors = {
  'server/already-running': entry({
    status: 409,
    retry: 'never',
    title: 'Another server holds the data directory',
    sample: { home: '.millrace', at: 'pid 4711, http://127.0.0.1:4400' },
    message: (d) =>
      `Millrace already runs on ${d.home} (${d.at}). Use that one, stop it first, or give another directory with --data.`,
  }),
  'server/not-running': entry({
    status: 503,
    retry: 'backoff',
    title: 'No server holds the data directory',
    sample: { home: '.millrace' },
    message: (d) =>
      `No Millrace server runs on ${d.home}. Start one with \`millrace dev\` or \`millrace serve\`, or give its directory with --data.`,
  }),
  'server/port-taken': entry({
    status: 500,
    retry: 'never',
    title: 'The port of the API is in use',
    sample: { port: 4400, host: '127.0.0.1' },
    message: (d) =>
      `Port ${d.port} on ${d.host} is taken, most likely by another server. Stop that one, or choose another port with --port.`,
  }),
  'server/host-unusable': entry({
    status: 500,
    retry: 'never',
    title: 'The API cannot listen there',
    sample: { host: '192.0.2.7', port: 80, why: 'EADDRNOTAVAIL' },
    message: (d) =>
      `The API cannot listen on ${d.host}, port ${d.port} (${d.why}): most likely this machine has no such address, or the port is below 1024. ` +
      `Give another with --host or --port, or leave them out for 127.0.0.1 and 4400.`,
  }),
  'server/engine-failed': entry({
    status: 500,
    retry: 'never',
    title: 'An embedded server does not start',
    sample: {
      engine: 'postgres',
      why: 'code 1',
      data: '.millrace/postgres',
      log: '.millrace/log/postgres.log',
      last: 'FATAL: database files are incompatible',
    },
    message: (d) =>
      `The embedded ${d.engine} does not run on ${d.data} (${d.why}). Its log, ${d.log}, ends with: ${d.last} ` +
      `If that directory was damaged or comes from another version, restore a backup; or move the whole data directory away and start on an empty one.`,
  }),
  'server/data-corrupt': entry({
    status: 500,
    retry: 'never',
    title: 'The data directory is damaged',
    sample: { path: '.millrace/run/kept.json', why: 'it is not JSON' },
    message: (d) =>
      `${d.path} cannot be used: ${d.why}. The data directory was changed by hand or damaged. Restore it from a backup, or move it away and start on an empty one.`,
  }),
  'server/data-unusable': entry({
    status: 500,
    retry: 'never',
    title: 'The data directory cannot be used',
    sample: { path: '.millrace', why: 'EACCES: permission denied' },
    message: (d) =>
      `${d.path} cannot be the data directory: ${d.why}. Most likely it belongs to another user, is something else's directory, or lies on a ` +
      `read-only disk. Name a new or empty directory with --data or MILLRACE_HOME, or give this one to the user who starts Millrace.`,
  }),
  'server/orphan-stays': entry({
    status: 500,
    retry: 'never',
    title: 'A server of an earlier start does not end',
    sample: { pid: 4711, file: '.millrace/run/postgres.pid' },
    message: (d) =>
      `Process ${d.pid}, which an earlier start left (${d.file}), still uses the data directory and does not end when asked or forced. ` +
      `Its disk is most likely not answering. End it by hand, or restart the machine, then start again.`,
  }),
  'server/no-binary': entry({
    status: 500,
    retry: 'never',
    title: 'An embedded server is not installed',
    sample: { engine: 'restate', system: 'linux-x64' },
    message: (d) =>
      `The binary of ${d.engine} for ${d.system} is not installed: optional packages were left out, or none exists for this system. ` +
      `Run npm install with optional packages, or point DATABASE_URL, RESTATE_URL and RESTATE_ADMIN_URL to servers of your own.`,
  }),
  'server/root-without-user': entry({
    status: 500,
    retry: 'never',
    title: 'Postgres cannot run as root here',
    sample: { why: 'neither a user postgres nor nobody exists' },
    message: (d) =>
      `Postgres refuses to run as root, and ${d.why}. Start Millrace as an ordinary user, or set DATABASE_URL to a Postgres of your own.`,
  }),
  'server/restate-unreachable': entry({
    status: 503,
    retry: 'backoff',
    title: 'Restate cannot be reached',
    sample: { at: 'http://127.0.0.1:9070', why: 'fetch failed' },
    message: (d) =>
      `Restate at ${d.at} does not answer (${d.why}). It is most likely not running, or RESTATE_URL and RESTATE_ADMIN_URL name another host. ` +
      `Start it or correct them; without them Millrace starts its own.`,
  }),
  'server/restate-refused': entry({
    status: 502,
    retry: 'never',
    title: 'Restate refused a request',
    sample: { at: 'http://127.0.0.1:9070', why: 'POST /deployments answered 400' },
    message: (d) =>
      `Restate at ${d.at} refused a request: ${d.why}. RESTATE_ADMIN_URL most likely names something else, or that server cannot reach this one. ` +
      `Check that it is the admin address of a Restate of version 1.7 on this machine.`,
  }),
  'server/admin-exposed': entry({
    status: 500,
    retry: 'never',
    title: 'The engine’s admin port is open to other machines',
    sample: { address: '192.0.2.7', port: 9070 },
    message: (d) =>
      `Restate's admin port ${d.port} answers on ${d.address}: whoever reaches it can run anything. Millrace does not start. Bind it to 127.0.0.1 (unset RESTATE_* variables that change its address).`,
  }),
  'server/bad-environment': entry({
    status: 500,
    retry: 'never',
    title: 'The environment is not valid',
    sample: { problems: 'RESTATE_URL is set, RESTATE_ADMIN_URL is not' },
    message: (d) =>
      `These environment variables are missing or wrong: ${d.problems}. Correct or unset them and start again.`,
  }),
  'server/no-project': entry({
    status: 500,
    retry: 'never',
    title: 'There is no project here',
    sample: { path: 'millrace.config.ts' },
    message: (d) =>
      `There is no ${d.path}: it names the pipelines, their routes and what they may do. ` +
      `Start Millrace in the project's directory, or name the file with --config.`,
  }),
  'server/bad-project': entry({
    status: 500,
    retry: 'never',
    title: 'The project cannot be loaded',
    sample: { path: 'millrace.config.ts', why: 'it has no default export made by defineConfig' },
    message: (d) => `${d.path} cannot be used: ${d.why}. Correct it and start again.`,
  }),
  'server/starting': entry({
    status: 503,
    retry: 'backoff',
    title: 'The server is starting',
    sample: {},
    message: () => `The server is starting and answers nothing yet. Send the request again in a moment.`,
  }),
  'server/stopping': entry({
    status: 503,
    retry: 'backoff',
    title: 'The server is stopping',
    sample: {},
    message: () =>
      `The server is stopping and takes nothing new. Send the request again when it has started; nothing of it was done.`,
  }),
  'server/bad-otlp': entry({
    status: 500,
    retry: 'never',
    title: 'A variable of OpenTelemetry cannot be used',
    sample: {
      variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      why: 'it must be an address that begins with http:// or https://',
    },
    message: (d) =>
      `The environment variable ${d.variable} cannot be used: ${d.why}. Nothing would arrive at the collector, so the server does not start. Correct it, or leave it out to send nothing.`,
  }),
} as const
