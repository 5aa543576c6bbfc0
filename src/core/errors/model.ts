import { entry } from './entry.ts'

/** Errors of models: their directories, what runs them, what they are trained and measured on. */
export const modelErrors = {
  'model/missing-file': entry({
    status: 500,
    retry: 'never',
    title: 'A file of the model is missing',
    sample: { path: './models/support-intent/model.json', why: 'ENOENT' },
    message: (d) =>
      `The model file ${d.path} cannot be read (${d.why}). The path in millrace.config.ts is wrong, or the directory was copied in part. Put the file back, or train the model again with \`millrace train\`.`,
  }),
  'model/wrong-digest': entry({
    status: 500,
    retry: 'never',
    title: 'A file of the model was changed',
    sample: { path: './models/mini-en/model.onnx', expected: '83f606b97707', actual: '0f1e2d3c4b5a' },
    message: (d) =>
      `${d.path} has the SHA-256 ${d.actual}, and the model's manifest names ${d.expected}. The file was damaged or replaced, so the model is not used. Restore the file, or train the model again.`,
  }),
  'model/bad-manifest': entry({
    status: 500,
    retry: 'never',
    title: 'The model’s manifest cannot be used',
    sample: { path: './models/support-intent/model.json', why: 'labels: too few' },
    message: (d) =>
      `The manifest ${d.path} cannot be used: ${d.why}. It was edited by hand, or written by another version. Restore the directory, or train the model again.`,
  }),
  'model/bad-tokenizer': entry({
    status: 500,
    retry: 'never',
    title: 'The tokenizer does not fit the encoder',
    sample: { path: './models/mini-en/tokenizer.json', why: 'it has 30522 pieces and the encoder 14000' },
    message: (d) =>
      `The tokenizer ${d.path} cannot be used with its encoder: ${d.why}. The files come from two different models. Put the files of one model together.`,
  }),
  'model/unusable-weights': entry({
    status: 500,
    retry: 'never',
    title: 'The weights cannot be loaded',
    sample: { path: './models/mini-en/model.onnx', why: 'it is no ONNX model' },
    message: (d) =>
      `The weights ${d.path} cannot be used: ${d.why}. Their digest is right, so the model was made by other software or another version. Export it for ONNX Runtime again, or put another model there.`,
  }),
  'model/wrong-encoder': entry({
    status: 500,
    retry: 'never',
    title: 'The classifier was trained on another encoder',
    sample: { model: 'support-intent', wanted: '83f606b97707', actual: '0f1e2d3c4b5a' },
    message: (d) =>
      `${d.model} was trained on the vectors of the encoder ${d.wanted}, and this one is ${d.actual}: its answers would mean nothing. Put the encoder back, or train the classifier again with \`millrace train\`.`,
  }),
  'model/no-such-encoder': entry({
    status: 500,
    retry: 'never',
    title: 'There is no such encoder',
    sample: { encoder: 'mini-de', known: 'mini-en' },
    message: (d) =>
      `There is no text encoder ${d.encoder} here; this server has: ${d.known}. Check the name that the model or the collection gives.`,
  }),
  'model/no-runtime': entry({
    status: 500,
    retry: 'never',
    title: 'ONNX Runtime cannot be loaded',
    sample: { why: 'onnxruntime-node is not installed' },
    message: (d) =>
      `Models cannot run in this process: ${d.why}. Install the optional package onnxruntime-node for this system (npm install onnxruntime-node), and start again.`,
  }),
  'model/no-such-route': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such route',
    sample: { route: 'intents', known: 'intent, draft' },
    message: (d) =>
      `There is no model route ${d.route} here; this server has: ${d.known}. Check the name in the step's resource, or add the route to millrace.config.ts.`,
  }),
  'model/wrong-route': entry({
    status: 422,
    retry: 'never',
    title: 'The route leads to a model of another kind',
    sample: { route: 'draft', kind: 'template', wanted: 'classifier' },
    message: (d) =>
      `The route ${d.route} leads to a ${d.kind}, and the step needs a ${d.wanted}. Name another route in the step's resource, or change the route in millrace.config.ts.`,
  }),
  'model/foreign-label': entry({
    status: 422,
    retry: 'never',
    title: 'The model has labels that the step does not know',
    sample: { route: 'intent', model: 'support-intent', label: 'card_arrival' },
    message: (d) =>
      `${d.model} behind the route ${d.route} can answer ${d.label}, which is not among the classifier's labels. Train the model on those labels alone, or add the label to the classifier.`,
  }),
  'model/overloaded': entry({
    status: 429,
    retry: 'backoff',
    title: 'Too many texts wait for the model',
    sample: { model: 'mini-en', waiting: 4096 },
    message: (d) =>
      `${d.waiting} texts wait for ${d.model} already, and no more are taken. Try again shortly; if it goes on, run fewer pipelines at once or add a worker process.`,
  }),
  'model/worker-died': entry({
    status: 503,
    retry: 'backoff',
    title: 'The model’s worker ended unexpectedly',
    sample: { model: 'mini-en', why: 'it ran out of memory' },
    message: (d) =>
      `The worker that runs ${d.model} ended while texts waited for it: ${d.why}. A new one is started with the next text. Try again; if it happens again, look at this machine's memory.`,
  }),
  'model/failed': entry({
    status: 500,
    retry: 'backoff',
    title: 'The model failed on a text',
    sample: { model: 'mini-en', why: 'the runtime reported an error' },
    message: (d) =>
      `${d.model} gave no answer: ${d.why}. Other texts are not affected. Try again; if the same text fails every time, report it with the version of onnxruntime-node.`,
  }),
  'model/closed': entry({
    status: 503,
    retry: 'backoff',
    title: 'The models are shut down',
    sample: { model: 'mini-en' },
    message: (d) =>
      `${d.model} takes no more texts, because this process is ending. Nothing was answered; ask again after the restart.`,
  }),
  'model/bad-template': entry({
    status: 422,
    retry: 'never',
    title: 'The template cannot be filled',
    sample: { prompt: 'reply', why: 'it names {{greeting}}, which the input does not have' },
    message: (d) =>
      `The template of ${d.prompt} cannot be filled: ${d.why}. Correct the template, or the input that the pipeline gives it.`,
  }),
  'model/bad-csv': entry({
    status: 422,
    retry: 'never',
    title: 'The CSV file cannot be used',
    sample: { path: './messages.csv', why: 'line 4 has 3 fields and the header has 2' },
    message: (d) =>
      `${d.path} cannot be used: ${d.why}. Give a CSV file in UTF-8 whose first line names the columns text, and label or category.`,
  }),
  'model/missing-column': entry({
    status: 422,
    retry: 'never',
    title: 'The CSV file lacks a column',
    sample: { path: './messages.csv', missing: 'text', found: 'body, label' },
    message: (d) =>
      `${d.path} has no column ${d.missing}; its columns are: ${d.found}. The first line must name the columns text, and label or category.`,
  }),
  'model/too-few-examples': entry({
    status: 422,
    retry: 'never',
    title: 'There are too few examples to train on',
    sample: { path: './messages.csv', why: 'the label refund has 1 example' },
    message: (d) =>
      `Nothing can be trained from ${d.path}: ${d.why}. Give at least two labels, each with at least four different texts.`,
  }),
  'model/unknown-label': entry({
    status: 422,
    retry: 'never',
    title: 'The CSV file has a label that the model does not know',
    sample: { path: './messages.csv', label: 'refund', line: 12, model: 'support-intent' },
    message: (d) =>
      `Line ${d.line} of ${d.path} has the label ${d.label}, which ${d.model} does not have. Correct the label, write out_of_scope for texts that belong to none, or train the model with it.`,
  }),
  'model/output-taken': entry({
    status: 409,
    retry: 'never',
    title: 'The output directory holds something else',
    sample: { path: './out' },
    message: (d) =>
      `${d.path} exists and is not a model directory, so nothing is written over it. Give the path of a new directory, or of a model that may be replaced.`,
  }),
  'model/output-unwritable': entry({
    status: 500,
    retry: 'never',
    title: 'The model cannot be written',
    sample: { path: './out', why: 'EACCES' },
    message: (d) =>
      `The model cannot be written to ${d.path} (${d.why}). Nothing there was changed. Give a directory that this user may write and that has space.`,
  }),
} as const
