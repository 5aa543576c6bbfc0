import { entry } from './entry.ts'

/** Errors of those who call models with a key: what the key does not let them do, and what they said of the call. */
export const clientErrors = {
  'model/key-over-limit': entry({
    status: 429,
    retry: 'backoff',
    title: 'The key is over its limit',
    sample: { limit: 'requests a minute', most: 60, retryAfter: 12 },
    message: (d) =>
      `Nothing was sent: the key is allowed ${d.most} ${d.limit}, and they are taken. Wait ${d.retryAfter} s and ask again; if it happens often, ask for a key that is allowed more.`,
  }),
  'model/call-over-key': entry({
    status: 429,
    retry: 'never',
    title: 'The call is more than the key ever allows',
    sample: { tokens: 200_000, most: 50_000 },
    message: (d) =>
      `Nothing was sent: the call can use ${d.tokens} tokens, and the key is allowed ${d.most} a minute. Waiting does not help: send less, set a lower cap on the output, or ask for a key that is allowed more.`,
  }),
  'model/key-not-for-models': entry({
    status: 403,
    retry: 'never',
    title: 'The key is not one for models',
    sample: { key: 'key_0' },
    message: (d) =>
      `${d.key} is a key for the API, and those call no models unless they are the owner's. Have one made with \`millrace keys create --for gateway\`.`,
  }),
  'model/bad-caller': entry({
    status: 400,
    retry: 'never',
    title: 'What the call says of its caller cannot be used',
    sample: { at: 'the header millrace-entity', wanted: 'a type and an id, such as customer/123' },
    message: (d) =>
      `Nothing was sent: ${d.at} must be ${d.wanted}. Correct it or leave it out; what it says is only counted and made to stick, and allows nothing.`,
  }),
} as const
