import { entry } from './entry.ts'

/** Errors of keys, policy and records. */
export const governanceErrors = {
  'governance/master-key-missing': entry({
    status: 500,
    retry: 'never',
    title: 'The master key is missing',
    sample: { path: '.millrace/master.key' },
    message: (d) =>
      `The database holds data that was encrypted under a master key, and ${d.path} does not exist. The file was moved, or the database belongs to another data directory. ` +
      `Put the file back from your backup; without it the data cannot be read, and Millrace never makes a new one over it.`,
  }),
  'governance/master-key-wrong': entry({
    status: 500,
    retry: 'never',
    title: 'The master key is another one',
    sample: { path: '.millrace/master.key' },
    message: (d) =>
      `${d.path} is not the master key that this database was encrypted under. Put the right file back, or point DATABASE_URL to the database that belongs to it.`,
  }),
  'governance/master-key-unsafe': entry({
    status: 500,
    retry: 'never',
    title: 'The master key can be read by others',
    sample: { path: '.millrace/master.key', mode: '644' },
    message: (d) =>
      `${d.path} has the mode ${d.mode}: other users of this machine can read it. Run chmod 600 on it, and consider whether someone has.`,
  }),
  'governance/master-key-unreadable': entry({
    status: 500,
    retry: 'never',
    title: 'The master key cannot be read or made',
    sample: { path: '.millrace/master.key', why: 'EACCES' },
    message: (d) =>
      `${d.path} cannot be read or made (${d.why}). It most likely belongs to another user, or the disk is full or read-only. ` +
      `Give the file and its directory to the user who starts Millrace; never make a new key by hand.`,
  }),
  'governance/key-destroyed': entry({
    status: 410,
    retry: 'never',
    title: 'The key was destroyed',
    sample: { key: 'key_0' },
    message: (d) =>
      `What was encrypted under ${d.key} cannot be read: its subject was erased and the key destroyed. This is final.`,
  }),
  'governance/no-such-key': entry({
    status: 500,
    retry: 'never',
    title: 'The key is not known',
    sample: { key: 'key_0' },
    message: (d) =>
      `There is no data key ${d.key} in this tenant: the row that names it was damaged, or comes from another database. Restore it from a backup.`,
  }),
  'governance/bad-api-key': entry({
    status: 401,
    retry: 'never',
    title: 'The key is not valid',
    sample: {},
    message: () =>
      `The API key is missing, mistyped, expired or revoked. Give a valid one in the header Authorization: Bearer, or in MILLRACE_KEY for the command line.`,
  }),
  'governance/no-such-run': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such run',
    sample: { run: 'run_0' },
    message: (d) =>
      `There is no run ${d.run} here. It may belong to another tenant or data directory; list the runs with \`millrace runs list\`.`,
  }),
  'governance/no-such-payload': entry({
    status: 500,
    retry: 'never',
    title: 'The payload is not there',
    sample: { payload: 'pay_0' },
    message: (d) =>
      `A record names the payload ${d.payload}, and the database does not have it: it was removed by hand, or the database was restored in part. Restore it from a backup.`,
  }),
  'governance/payload-altered': entry({
    status: 500,
    retry: 'never',
    title: 'The payload cannot be decrypted',
    sample: { payload: 'pay_0' },
    message: (d) =>
      `The payload ${d.payload} cannot be decrypted: its row was altered, or stands under another key than it names. Restore it from a backup.`,
  }),
  'governance/bad-policy': entry({
    status: 422,
    retry: 'never',
    title: 'The policy cannot be read',
    sample: { problems: 'allow.0.steps.1: expected kind:resource' },
    message: (d) =>
      `The list of what is allowed cannot be used: ${d.problems}. Nothing is allowed by a list that cannot be read; correct it in millrace.config.ts.`,
  }),
  'governance/bad-person': entry({
    status: 422,
    retry: 'never',
    title: 'The person cannot be added like this',
    sample: { problems: 'name: too short' },
    message: (d) => `The person or key was not made: ${d.problems}. Correct it and try again.`,
  }),
  'governance/no-such-person': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such person',
    sample: { person: 'per_0' },
    message: (d) =>
      `There is no person ${d.person} here. Add one with \`millrace people add\`, or give the id that it printed.`,
  }),
  'governance/no-such-api-key': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such API key',
    sample: { key: 'key_0' },
    message: (d) =>
      `There is no API key ${d.key} here, or it is revoked already. Give the id that \`millrace keys create\` printed, not the secret.`,
  }),
  'governance/owner-key-unsafe': entry({
    status: 500,
    retry: 'never',
    title: 'The owner’s API key can be read by others',
    sample: { path: '.millrace/owner.key', mode: '644' },
    message: (d) =>
      `${d.path} has the mode ${d.mode}: other users of this machine can act as the owner. Remove the file: the next start revokes its key and makes a new one.`,
  }),
  'governance/not-allowed': entry({
    status: 403,
    retry: 'never',
    title: 'This is not allowed',
    sample: { why: 'only the owner of the data directory may add people' },
    message: (d) => `This was denied: ${d.why}. Ask somebody who may, or have it allowed.`,
  }),
  'governance/sign-in-failed': entry({
    status: 401,
    retry: 'never',
    title: 'The sign-in did not work',
    sample: {},
    message: () =>
      `The address and the password do not belong together, or nobody signs in under this address. Check both; an admin makes a code for another password.`,
  }),
  'governance/too-many-tries': entry({
    status: 429,
    retry: 'backoff',
    title: 'There were too many sign-ins',
    sample: {},
    message: () =>
      `There were too many sign-ins for this address or from this machine. Wait fifteen minutes and try again.`,
  }),
  'governance/code-invalid': entry({
    status: 401,
    retry: 'never',
    title: 'The code is not valid',
    sample: {},
    message: () =>
      `The code is unknown, was used already, or is older than ten minutes. Ask an admin for another one; the server prints one at its start while nobody has a password.`,
  }),
  'governance/weak-password': entry({
    status: 422,
    retry: 'never',
    title: 'The password is too short or too long',
    sample: { least: 12, most: 200 },
    message: (d) =>
      `A password has at least ${d.least} and at most ${d.most} characters. Nothing was changed, and the code is still good.`,
  }),
  'governance/no-such-session': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such session',
    sample: { session: '0' },
    message: (d) =>
      `You have no session ${d.session}: it has ended already, or belongs to somebody else. List your sessions again.`,
  }),
} as const
