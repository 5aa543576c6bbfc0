import { entry } from './entry.ts'

/** Errors of what a step asks of a language model. No detail holds a word of the question or of the answer. */
export const modelStepErrors = {
  'model/question-refused': entry({
    status: 502,
    retry: 'never',
    title: 'The provider refuses the question',
    sample: { target: 'writer@0f1e2d3c4b5a', status: 400, why: 'context_length_exceeded' },
    message: (d) =>
      `The provider of ${d.target} answered ${d.status} (${d.why}): what was asked does not suit this model, and would be refused again. ` +
      `Shorten the prompt's input, or set what the model takes in the prompt's front matter; or lead the route to another model, and start the run again.`,
  }),
  'model/answer-cut': entry({
    status: 502,
    retry: 'never',
    title: 'The answer was cut at its limit',
    sample: { prompt: 'draft', target: 'writer@0f1e2d3c4b5a' },
    message: (d) =>
      `${d.target} had more to say to the prompt ${d.prompt} than its limit of tokens allows; half an answer is not used. ` +
      `Raise maxOutputTokens in the prompt's front matter, or ask for less, and start the run again.`,
  }),
  'model/answer-withheld': entry({
    status: 502,
    retry: 'never',
    title: 'The model declined to answer',
    sample: { prompt: 'draft', target: 'writer@0f1e2d3c4b5a' },
    message: (d) =>
      `${d.target} declined to answer the prompt ${d.prompt}, or its provider's filter held the answer back. Look at the run's input; ` +
      `if the question is in order, word the prompt otherwise or lead the route to another model.`,
  }),
  'model/answer-unfit': entry({
    status: 502,
    retry: 'backoff',
    title: 'The answer is not what was asked for',
    sample: { target: 'writer@0f1e2d3c4b5a', why: 'it is no JSON' },
    message: (d) =>
      `${d.target} answered, and the answer cannot be used: ${d.why}. It is asked again at most twice. If this happens often, the model is too small for the schema: simplify it, or use another route.`,
  }),
} as const
