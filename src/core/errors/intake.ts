import { entry } from './entry.ts'

/** Errors of what comes in: mail, events, their payloads. */
export const intakeErrors = {
  'intake/unknown-pipeline': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such pipeline',
    sample: { pipeline: 'support', known: 'support-triage' },
    message: (d) =>
      `There is no pipeline ${d.pipeline} here; this server has: ${d.known}. Check the name, or add the pipeline to millrace.config.ts.`,
  }),
  'intake/wrong-type': entry({
    status: 422,
    retry: 'never',
    title: 'The pipeline takes other events',
    sample: { pipeline: 'support-triage', type: 'invoice.received', wanted: 'message.received' },
    message: (d) =>
      `${d.pipeline} takes events of type ${d.wanted}, this one is ${d.type}. Send it to another pipeline, or correct the type.`,
  }),
  'intake/bad-payload': entry({
    status: 422,
    retry: 'never',
    title: 'The payload does not fit the pipeline’s schema',
    sample: { pipeline: 'support-triage', problems: 'from: Invalid email' },
    message: (d) =>
      `The payload does not fit the schema of ${d.pipeline}: ${d.problems}. Correct the fields and send the event again under a new id.`,
  }),
  'intake/no-mailbox': entry({
    status: 400,
    retry: 'never',
    title: 'The mailbox directory cannot be read',
    sample: { path: './mail', why: 'ENOENT' },
    message: (d) =>
      `The mailbox ${d.path} cannot be read (${d.why}). Give a directory that exists and that this user may read.`,
  }),
  'intake/too-large': entry({
    status: 413,
    retry: 'never',
    title: 'The message is too large',
    sample: { bytes: 60_000_000, most: 26_214_400 },
    message: (d) =>
      `The message has ${d.bytes} bytes, more than the ${d.most} that are taken. Ask the sender for less, or split it.`,
  }),
  'intake/unreadable': entry({
    status: 422,
    retry: 'never',
    title: 'The message cannot be read',
    sample: { why: 'it has no sender' },
    message: (d) =>
      `The message cannot be read: ${d.why}. It is kept as a dead letter; look at the file itself, and answer its sender by hand if it is real.`,
  }),
} as const
