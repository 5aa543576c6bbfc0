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
  'intake/stopping': entry({
    status: 503,
    retry: 'backoff',
    title: 'The server is stopping',
    sample: {},
    message: () =>
      `The server is stopping, and the message was not taken. Nothing is wrong with it: send it again when the server has started.`,
  }),
  'intake/unkept-event': entry({
    status: 422,
    retry: 'never',
    title: 'The event cannot be kept',
    sample: { n: 1, why: 'its id has control characters' },
    message: (d) =>
      `Event ${d.n} of the batch cannot be kept: ${d.why}. Nothing of the batch was taken; correct the event and send all of it again.`,
  }),
  'intake/not-started': entry({
    status: 500,
    retry: 'never',
    title: 'The run of an event could not be started',
    sample: { attempts: 20, why: 'TypeError' },
    message: (d) =>
      `The event's run could not be started in ${d.attempts} attempts, the last of which ended with ${d.why}. The pipeline's code, or the start of a run, most likely fails on it. ` +
      `It is kept as a dead letter: mend the cause, and replay it.`,
  }),
  'intake/bad-customers': entry({
    status: 422,
    retry: 'never',
    title: 'The list of customers cannot be used',
    sample: { path: 'customers.csv', why: 'line 3: the address is not one' },
    message: (d) =>
      `The list of customers ${d.path} cannot be used: ${d.why}. It is a CSV file in UTF-8 with the columns address, customer and tier. Correct it and start again.`,
  }),
  'intake/not-an-event': entry({
    status: 400,
    retry: 'never',
    title: 'The request holds no CloudEvent that can be read',
    sample: { problems: 'id: expected a string' },
    message: (d) =>
      `Nothing was accepted: ${d.problems}. Send CloudEvents 1.0 with a JSON payload: structured, binary or as a batch, as the HTTP protocol binding says.`,
  }),
  'intake/which-pipeline': entry({
    status: 422,
    retry: 'never',
    title: 'It is not clear which pipeline the event is for',
    sample: { type: 'message.received', takers: 'none' },
    message: (d) =>
      `Pipelines that take events of type ${d.type}: ${d.takers}. Name one with ?pipeline=, or correct the event's type.`,
  }),
  'intake/no-such-letter': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such dead letter',
    sample: { letter: 'evt_0' },
    message: (d) =>
      `There is no dead letter ${d.letter} here, or it was replayed already. List them with \`millrace dead-letters list\`.`,
  }),
  'intake/no-smtp': entry({
    status: 500,
    retry: 'never',
    title: 'There is no mail server to send through',
    sample: { why: 'the project names none' },
    message: (d) =>
      `--send was given, and ${d.why}. Set MILLRACE_SMTP_URL to smtp://user:password@host:port (smtps:// for TLS from the start) and let mailbox.smtp ` +
      `in millrace.config.ts take it; or leave --send away: then replies are written to the outbox directory.`,
  }),
  'intake/bad-smtp-url': entry({
    status: 500,
    retry: 'never',
    title: 'The mail server’s URL cannot be used',
    sample: { why: 'its port is 0' },
    message: (d) =>
      `The URL of the mail server (MILLRACE_SMTP_URL) cannot be used: ${d.why}. Write smtp://user:password@host:port, or smtps:// for TLS from the start; ` +
      `percent-encode what is special in user and password.`,
  }),
  'intake/smtp-unavailable': entry({
    status: 503,
    retry: 'backoff',
    title: 'The mail server does not take mail at the moment',
    sample: { at: 'mail.example:587', phase: 'connecting', why: 'ECONNREFUSED' },
    message: (d) =>
      `The mail server ${d.at} did not take the reply (at ${d.phase}: ${d.why}); nothing was sent. It is tried again a few times. ` +
      `If it stays so, look at that server and at MILLRACE_SMTP_URL, and start the run again.`,
  }),
  'intake/smtp-refused': entry({
    status: 502,
    retry: 'never',
    title: 'The mail server refuses to send',
    sample: { at: 'mail.example:587', phase: 'the login', why: '535 5.7.8' },
    message: (d) =>
      `The mail server ${d.at} refused the reply (at ${d.phase}: ${d.why}); nothing was sent. Most likely it wants another login or sender, or a setting ` +
      `of its own stands against it. Correct MILLRACE_SMTP_URL, the mailbox's address or that server, and start the run again.`,
  }),
  'intake/reply-in-doubt': entry({
    status: 502,
    retry: 'never',
    title: 'It is not known whether a reply was sent',
    sample: { at: 'mail.example:587', messageId: '<0a1b@bank.example>', why: 'the connection was closed' },
    message: (d) =>
      `The reply was handed to the mail server ${d.at}, and no answer came (${d.why}): it may have been sent, and is not sent again. ` +
      `Look for ${d.messageId} in that server's log, and say in the work item what became of it.`,
  }),
  'intake/too-many-replies': entry({
    status: 429,
    retry: 'never',
    title: 'The address has had its replies of today',
    sample: { most: 10 },
    message: (d) =>
      `The reply was not sent: its address has already had ${d.most} today, which is the cap. Most likely a program answers there, or somebody writes ` +
      `very often. Look at the conversation and answer by hand; mailbox.repliesADay in millrace.config.ts is the cap.`,
  }),
} as const
