import { entry } from './entry.ts'

/** Errors of the engine, the corridor and the steps. */
export const runErrors = {
  'run/diverged': entry({
    status: 409,
    retry: 'pause',
    title: 'The run no longer fits its code',
    sample: { run: 'run_0', step: 'decide:routing#0', difference: 'the log has a step that the code did not ask for' },
    message: (d) =>
      `Run ${d.run} is paused: at step ${d.step}, ${d.difference}. The pipeline's code most likely changed while the run waited. ` +
      `Deploy the version that the run started with and resume it, or cancel it and start it again.`,
  }),
  'run/foreign-await': entry({
    status: 422,
    retry: 'never',
    title: 'The pipeline awaits something that is not a step',
    sample: { run: 'run_0', step: 'act:send-reply#0' },
    message: (d) =>
      `Run ${d.run} awaited something that is not a step (at ${d.step}). A replay could not see the same order. ` +
      `Move timers, network calls and other waiting into an action or a step of the context, and deploy again.`,
  }),
  'run/no-pipeline': entry({
    status: 409,
    retry: 'pause',
    title: 'This process does not have the run’s pipeline',
    sample: { run: 'run_0', pipeline: 'support-triage', digest: '3f2a' },
    message: (d) =>
      `Run ${d.run} is paused: it started on ${d.pipeline} (${d.digest}), which this process does not have. ` +
      `Deploy that version and resume the run (millrace runs resume), or cancel it.`,
  }),
  'run/not-bundled': entry({
    status: 500,
    retry: 'never',
    title: 'The project’s code cannot be bundled',
    sample: { path: 'millrace.config.ts', why: 'Unexpected token' },
    message: (d) =>
      `The code that ${d.path} imports cannot be bundled, so its version has no digest: ${d.why}. Mend the module that is named and start again.`,
  }),
  'run/too-long': entry({
    status: 422,
    retry: 'never',
    title: 'The run has more rows than a run may have',
    sample: { run: 'run_0', rows: 4096, bytes: 4_194_304 },
    message: (d) =>
      `Run ${d.run} was ended: a run may have ${d.rows} rows and ${d.bytes} bytes of results in them, since every wake reads them all. ` +
      `Its pipeline most likely loops. Split the work into runs of its own, or return references instead of long results, and start it again.`,
  }),
  'run/erased': entry({
    status: 410,
    retry: 'pause',
    title: 'The run’s key was destroyed',
    sample: { run: 'run_0' },
    message: (d) =>
      `Run ${d.run} cannot be read: its subject was erased and the key destroyed. Nothing can bring it back; cancel the run if it is still open.`,
  }),
  'run/undecryptable': entry({
    status: 500,
    retry: 'pause',
    title: 'The run’s log cannot be decrypted',
    sample: { run: 'run_0', seq: 3 },
    message: (d) =>
      `Row ${d.seq} of run ${d.run} cannot be decrypted: it was altered, or belongs to another key. The run is paused. Restore the row from a backup and resume the run (millrace runs resume), or cancel it.`,
  }),
  'run/token-reused': entry({
    status: 409,
    retry: 'pause',
    title: 'An idempotency token was used with other arguments',
    sample: { run: 'run_0' },
    message: (d) =>
      `Run ${d.run} is paused: it asked for an effect under a token that was used with other arguments, so the target might take one for the other. ` +
      `Give the step a key of its own where its arguments may differ, deploy, and start the run again.`,
  }),
  'run/poison': entry({
    status: 422,
    retry: 'pause',
    title: 'Processes die under the run',
    sample: { run: 'run_0', deaths: 3 },
    message: (d) =>
      `Run ${d.run} is paused: ${d.deaths} processes died while they drove it, the last time it was the only suspect, and none of its steps ended between. ` +
      `A native crash, too much memory or an endless loop in its pipeline is likely: the process's last lines name what was live. ` +
      `Mend it, deploy, and resume the run (millrace runs resume), or cancel it.`,
  }),
  'run/exception': entry({
    status: 422,
    retry: 'never',
    title: 'The pipeline’s code failed',
    sample: { run: 'run_0', message: 'no seat' },
    message: (d) =>
      `The code of run ${d.run} threw: ${d.message}. Mend the pipeline, deploy it, and start the run again.`,
  }),
  'run/cancelled': entry({
    status: 409,
    retry: 'never',
    title: 'The run was cancelled',
    sample: { run: 'run_0' },
    message: (d) =>
      `Run ${d.run} was cancelled: what it had done was undone where its actions say how. Start it again if it is still wanted.`,
  }),
  'run/killed': entry({
    status: 409,
    retry: 'never',
    title: 'The run was killed',
    sample: { run: 'run_0' },
    message: (d) =>
      `Run ${d.run} was killed: nothing that it had done was undone. Look at its steps for effects that stand.`,
  }),
  'run/over': entry({
    status: 409,
    retry: 'never',
    title: 'The run asked for a step after its end',
    sample: { run: 'run_0', step: 'act:send-reply#0' },
    message: (d) =>
      `The code of run ${d.run} asked for ${d.step} after it had returned. Await every step that matters before the pipeline returns.`,
  }),
  'run/not-held': entry({
    status: 409,
    retry: 'never',
    title: 'The run is not held',
    sample: { run: 'run_0' },
    message: (d) =>
      `Run ${d.run} is not held: its event was accepted without hold, so there is nothing to release. ` +
      `\`millrace runs list --held\` names those that are; a run that another one called is released with that one.`,
  }),
  'run/no-key': entry({
    status: 500,
    retry: 'never',
    title: 'The run has no key',
    sample: { run: 'run_0' },
    message: (d) =>
      `Run ${d.run} was started without a subject's or an event's key, so nothing of it could be encrypted. Whoever starts runs must give one.`,
  }),
} as const
