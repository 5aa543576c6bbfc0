import { entry } from './entry.ts'

/** Errors of what an answer must be, and of answers that are kept. */
export const modelAnswerErrors = {
  'model/bad-schema': entry({
    status: 400,
    retry: 'never',
    title: 'The JSON Schema in the request cannot be used',
    sample: { field: 'response_format.json_schema.schema', why: '/properties/age/type: must be a known type' },
    message: (d) =>
      `The schema at ${d.field} cannot be used to check the answer: ${d.why}. Nothing was sent anywhere. Correct the schema; it may be of draft 2020-12 or draft-07, and may refer to itself alone.`,
  }),
  'model/unmet-schema': entry({
    status: 502,
    retry: 'never',
    title: 'The answer does not fit the schema that was asked for',
    sample: { why: 'the answer at /age: must be number' },
    message: (d) =>
      `The model answered, and its answer does not fit what the request asks for: ${d.why}. What it used is booked. The schema may be one that nothing can meet, or too hard for this model: check it with an example, or use another route.`,
  }),
  'model/no-such-call': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such call',
    sample: { call: 'cal_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b' },
    message: (d) =>
      `No call ${d.call} is recorded here. A call is recorded when it has ended, and one that was refused before it was planned is not; check the id, which every answer carries in its header millrace-call.`,
  }),
  'model/no-such-response': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such stored response',
    sample: { response: 'resp_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b' },
    message: (d) =>
      `There is no stored response ${d.response} for this key: it was deleted, has expired, was made with \`store: false\`, or belongs to another client. Send the whole conversation in \`input\` instead.`,
  }),
} as const
