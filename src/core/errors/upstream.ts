import { entry } from './entry.ts'

/** Errors of the way to a model that somebody else serves. No detail holds a key, an address with a query, or a body. */
export const upstreamErrors = {
  'model/upstream-refused': entry({
    status: 502,
    retry: 'backoff',
    title: 'The model’s server cannot be reached',
    sample: { target: 'gpt-5@3', why: 'ECONNREFUSED' },
    message: (d) =>
      `No connection to the server of ${d.target} could be made (${d.why}), so nothing was sent and nothing is owed. It is most likely not running, ` +
      `or its address is wrong. Check the target's address, and that this machine can reach it.`,
  }),
  'model/upstream-timeout': entry({
    status: 504,
    retry: 'backoff',
    title: 'The model took too long',
    sample: { target: 'gpt-5@3', phase: 'first-byte', limit: 30_000 },
    message: (d) =>
      `${d.target} passed its limit of ${d.limit} ms (${d.phase}). The provider is most likely overloaded, or the answer is longer than the limit allows. ` +
      `Try again; if it goes on, raise the target's ${d.phase} timeout or add a fallback to the route.`,
  }),
  'model/upstream-broke-off': entry({
    status: 502,
    retry: 'backoff',
    title: 'The model’s server broke off',
    sample: { target: 'gpt-5@3', after: 'headers' },
    message: (d) =>
      `The server of ${d.target} closed the connection early (after ${d.after}). The provider was most likely restarted, or a proxy between cut the line. ` +
      `Try again; what it may have used is booked.`,
  }),
  'model/upstream-garbled': entry({
    status: 502,
    retry: 'backoff',
    title: 'The model’s server answered what cannot be used',
    sample: { target: 'gpt-5@3', why: 'its content type is text/html' },
    message: (d) =>
      `${d.target} answered, but the answer cannot be used: ${d.why}. The target's address most likely leads to something else, or to a proxy's own page. ` +
      `Check the address; if it is right, try again.`,
  }),
  'model/upstream-status': entry({
    status: 502,
    retry: 'backoff',
    title: 'The provider answered with an error',
    sample: { target: 'gpt-5@3', status: 503 },
    message: (d) =>
      `The provider of ${d.target} answered ${d.status} and no model's answer. At 500 and above the fault is the provider's: try again, or add a fallback to the route. ` +
      `Below, the request does not suit this model: change the request or the target.`,
  }),
  'model/upstream-unauthorised': entry({
    status: 502,
    retry: 'never',
    title: 'The provider refuses the key',
    sample: { target: 'gpt-5@3', status: 401 },
    message: (d) =>
      `The provider of ${d.target} answered ${d.status}: the key is wrong, revoked, unpaid, or may not use this model. ` +
      `Put another key where the target's key comes from; it is read again within seconds, without a restart.`,
  }),
  'model/upstream-busy': entry({
    status: 429,
    retry: 'backoff',
    title: 'The provider’s limit is reached',
    sample: { target: 'gpt-5@3', seconds: 20 },
    message: (d) =>
      `The provider of ${d.target} takes no more calls for about ${d.seconds} s (429). Wait that long, add a key of another account, or add a fallback to the route.`,
  }),
  'model/upstream-aborted': entry({
    status: 499,
    retry: 'never',
    title: 'The call was given up',
    sample: { target: 'gpt-5@3' },
    message: (d) =>
      `The call to ${d.target} was given up before its answer was whole, because its caller left or another attempt was faster. Send it again if the answer is still wanted.`,
  }),
  'model/target-resting': entry({
    status: 503,
    retry: 'backoff',
    title: 'The model is left alone after failures',
    sample: { target: 'gpt-5@3', seconds: 20 },
    message: (d) =>
      `${d.target} failed too often, so nothing is sent to it for about ${d.seconds} s; then one call tries it. Wait, or add a fallback to the route.`,
  }),
  'model/target-full': entry({
    status: 429,
    retry: 'backoff',
    title: 'Too many calls wait for the model',
    sample: { target: 'gpt-5@3', seconds: 5 },
    message: (d) =>
      `As many calls run on ${d.target} and wait for it as it is allowed; this one was shed because others are more urgent or came before. ` +
      `Send it again in about ${d.seconds} s, with a higher priority, or raise the target's concurrency.`,
  }),
  'model/no-key': entry({
    status: 500,
    retry: 'never',
    title: 'There is no key for the provider',
    sample: { target: 'gpt-5@3', sources: 'env OPENAI_API_KEY' },
    message: (d) =>
      `There is no key for ${d.target}: ${d.sources} holds none. Set the variable, or write the key into the file, one key a line; it is read again within seconds.`,
  }),
  'model/keys-resting': entry({
    status: 429,
    retry: 'backoff',
    title: 'Every key for the model is resting',
    sample: { target: 'gpt-5@3', seconds: 20 },
    message: (d) =>
      `The provider refused every key for ${d.target}, so none is used for about ${d.seconds} s. Wait that long, add a key of another account, or add a fallback to the route.`,
  }),
} as const
