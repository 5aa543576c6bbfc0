import { entry } from './entry.ts'

/** Errors of models that run within this process, from directories that others made. */
export const modelLocalErrors = {
  'model/bad-directory': entry({
    status: 500,
    retry: 'never',
    title: 'The model directory cannot be used',
    sample: { path: './models/e5/config.json', why: 'it is not JSON' },
    message: (d) =>
      `The model at ${d.path} cannot be used: ${d.why}. It was copied in part, or is none that runs here: text encoders and sequence classifiers ` +
      `with config.json, tokenizer.json and onnx/model.onnx do. Download or export the directory again, or name another one.`,
  }),
  'model/no-memory': entry({
    status: 503,
    retry: 'backoff',
    title: 'There is no memory for the model at the moment',
    sample: { model: 'e5@0f1e2d3c4b5a', needed: 300_000_000, most: 1_073_741_824 },
    message: (d) =>
      `${d.model} needs about ${d.needed} bytes beside the models that are answering, and all together may take ${d.most}. Nothing was computed. ` +
      `Try again shortly; if it goes on, raise inference.memory in millrace.config.ts or use fewer models.`,
  }),
  'model/beyond-memory': entry({
    status: 500,
    retry: 'never',
    title: 'The model is larger than what all models may take',
    sample: { model: 'e5@0f1e2d3c4b5a', needed: 2_000_000_000, most: 1_073_741_824 },
    message: (d) =>
      `${d.model} needs about ${d.needed} bytes, and all models together may take ${d.most}. Raise inference.memory in millrace.config.ts, or choose a smaller or quantised variant.`,
  }),
  'model/wrong-task': entry({
    status: 422,
    retry: 'never',
    title: 'The model does not do what is asked',
    sample: { model: 'intent@0f1e2d3c4b5a', does: 'classification', wanted: 'embeddings' },
    message: (d) =>
      `${d.model} does ${d.does}, and the call wants ${d.wanted}. Ask another route, or let the route lead to a model that does it.`,
  }),
  'model/too-long-text': entry({
    status: 400,
    retry: 'never',
    title: 'A text is longer than the model takes',
    sample: { model: 'e5@0f1e2d3c4b5a', index: 3, tokens: 700, most: 512 },
    message: (d) =>
      `Text ${d.index} has at least ${d.tokens} tokens, and ${d.model} takes ${d.most}. Nothing was answered. Split the text, or declare the model with the parameter onLong: 'cut', which leaves the end of a text unread.`,
  }),
} as const
