import { entry } from './entry.ts'

/** Errors of backup and restore. Whatever is wrong with a backup, nothing of it is restored. */
export const backupErrors = {
  'backup/target': entry({
    status: 409,
    retry: 'never',
    title: 'A backup cannot be written there',
    sample: { path: 'backups/monday', why: 'it is not empty' },
    message: (d) =>
      `${d.path} cannot take a backup: ${d.why}. A backup is never written over anything: name a new or empty directory on a disk with room.`,
  }),
  'backup/incomplete': entry({
    status: 422,
    retry: 'never',
    title: 'This is no complete backup',
    sample: { path: 'backups/monday', why: 'manifest.json is missing' },
    message: (d) =>
      `${d.path} is no complete backup: ${d.why}. Its making was most likely interrupted, or not all of it was copied. Nothing was restored: copy it anew, or take another backup.`,
  }),
  'backup/damaged': entry({
    status: 422,
    retry: 'never',
    title: 'The backup is damaged',
    sample: { path: 'backups/monday/database/run.jsonl.gz', why: 'its SHA-256 is not the one in the manifest' },
    message: (d) =>
      `${d.path} is not what was written: ${d.why}. Nothing of the backup was restored. Copy it anew from where it was kept, or take another one.`,
  }),
  'backup/other-version': entry({
    status: 422,
    retry: 'never',
    title: 'The backup is of another version',
    sample: { why: 'migration 7 is not known here' },
    message: (d) =>
      `The backup was made by another version of Millrace, which this one cannot read: ${d.why}. Restore it with the version that made it, or a newer one.`,
  }),
  'backup/not-empty': entry({
    status: 409,
    retry: 'never',
    title: 'A backup is restored only where there is nothing',
    sample: { at: '.millrace', what: 'rows in person' },
    message: (d) =>
      `${d.at} is not empty (${d.what}), and a restore never mixes with or replaces what is there. Restore into a new data directory, or an empty database.`,
  }),
  'backup/no-key': entry({
    status: 422,
    retry: 'never',
    title: 'The backup holds no master key',
    sample: { path: 'backups/monday' },
    message: (d) =>
      `${d.path} was made without the master key, and without it nothing encrypted can be read. Give its file with --key, from where you keep it.`,
  }),
  'backup/wrong-key': entry({
    status: 422,
    retry: 'never',
    title: 'The master key is not the one of this backup',
    sample: { path: 'master.key' },
    message: (d) =>
      `${d.path} does not open the data of this backup: it belongs to another data directory. Nothing was restored. Give the right one with --key.`,
  }),
  'backup/nothing-held': entry({
    status: 409,
    retry: 'never',
    title: 'Nothing is held',
    sample: {},
    message: () =>
      `No effects are held here: runs go on by themselves. Only a restored database holds them, until they are released once.`,
  }),
} as const
