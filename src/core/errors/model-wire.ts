import { entry } from './entry.ts'

/** Errors of what a model call says on the wire: requests that cannot be read or carried over, answers that are none. */
export const modelWireErrors = {
  'model/bad-body': entry({
    status: 400,
    retry: 'never',
    title: 'The request body does not fit its dialect',
    sample: { dialect: 'openai-chat', field: 'messages', why: 'it must be a list with at least one message' },
    message: (d) =>
      `The body is no request of the dialect ${d.dialect}: at ${d.field}, ${d.why}. Correct the field, or send the body to the address of the dialect that it is written in.`,
  }),
  'model/refused-field': entry({
    status: 400,
    retry: 'never',
    title: 'The gateway does not offer what a field asks for',
    sample: { dialect: 'openai-responses', field: 'background', why: 'an answer is given in its own request' },
    message: (d) =>
      `The gateway takes requests of the dialect ${d.dialect} without ${d.field}: ${d.why}. Leave the field out, or call the provider itself for it.`,
  }),
  'model/foreign-field': entry({
    status: 400,
    retry: 'never',
    title: 'A field cannot be carried to the other dialect',
    sample: { field: 'logit_bias', from: 'openai-chat', to: 'anthropic-messages', why: 'it has no counterpart' },
    message: (d) =>
      `The route answers by way of a model that speaks ${d.to}, and ${d.field} of ${d.from} cannot be carried over: ${d.why}. Leave the field out, use a route whose model speaks ${d.from}, or let the route drop such fields.`,
  }),
  'model/malformed-answer': entry({
    status: 502,
    retry: 'backoff',
    title: 'The provider’s answer cannot be read',
    sample: { dialect: 'openai-chat', why: 'it is no JSON' },
    message: (d) =>
      `The provider answered something that is no answer of the dialect ${d.dialect}: ${d.why}. A proxy may stand between, or the target names the wrong dialect. Try again; if it goes on, check the target's address.`,
  }),
  'model/oversized-event': entry({
    status: 502,
    retry: 'backoff',
    title: 'An event of the provider’s stream is too large',
    sample: { mostBytes: 16_777_216 },
    message: (d) =>
      `The provider's stream has an event of more than ${d.mostBytes} bytes, so it was cut off. The answer may be no event stream at all. Try again; if it goes on, check the target's address and dialect.`,
  }),
  'model/cut-stream': entry({
    status: 502,
    retry: 'backoff',
    title: 'The provider’s stream ended too early',
    sample: { dialect: 'openai-chat' },
    message: (d) =>
      `The provider's stream of the dialect ${d.dialect} ended before its last event, so what arrived is not a whole answer. Its use is booked as assumed. Ask again if the answer is still wanted.`,
  }),
} as const
