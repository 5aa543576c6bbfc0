import { entry } from './entry.ts'

/** Errors of Postgres, its schema and what is kept there. */
export const storeErrors = {
  'store/unreachable': entry({
    status: 503,
    retry: 'backoff',
    title: 'The database cannot be reached',
    sample: { at: '127.0.0.1:5432/millrace', why: 'connect ECONNREFUSED' },
    message: (d) =>
      `Postgres at ${d.at} does not answer (${d.why}). It is most likely not running, or DATABASE_URL names another host. ` +
      `Start it, or correct DATABASE_URL; without DATABASE_URL Millrace starts its own.`,
  }),
  'store/full': entry({
    status: 503,
    retry: 'backoff',
    title: 'The database has no room',
    sample: { at: '127.0.0.1:5432/millrace' },
    message: (d) =>
      `Postgres at ${d.at} has no room left on its disk, and nothing of this was kept. Make room there or enlarge the disk, then send it again; ` +
      `what was accepted before is not lost, and goes on by itself.`,
  }),
  'store/refused': entry({
    status: 500,
    retry: 'never',
    title: 'The database refuses the connection',
    sample: { at: '127.0.0.1:5432/millrace', why: 'password authentication failed for user "millrace"' },
    message: (d) =>
      `Postgres at ${d.at} refuses the connection (${d.why}). DATABASE_URL most likely holds a wrong user, password or database name. ` +
      `Correct it, or make that user and database; without DATABASE_URL Millrace starts its own.`,
  }),
  'store/too-old': entry({
    status: 500,
    retry: 'never',
    title: 'The database server is too old',
    sample: { version: '13.4', needed: 16 },
    message: (d) =>
      `Postgres ${d.version} is older than ${d.needed}, which Millrace needs. Upgrade the server, point DATABASE_URL to a newer one, ` +
      `or unset DATABASE_URL to use the embedded one.`,
  }),
  'store/schema-newer': entry({
    status: 500,
    retry: 'never',
    title: 'The schema is newer than this version of Millrace',
    sample: { found: 7, known: 5 },
    message: (d) =>
      `The database has migration ${d.found}, this version knows only up to ${d.known}: a newer Millrace has used it. ` +
      `Start the newer version, or restore a backup from before the upgrade.`,
  }),
  'store/migration-changed': entry({
    status: 500,
    retry: 'never',
    title: 'A migration that was applied has other text now',
    sample: { migration: '0001_base.sql' },
    message: (d) =>
      `Migration ${d.migration} was applied with another text than this version has. An applied migration must never be edited. ` +
      `Restore the file as it was, and put the change into a new migration.`,
  }),
} as const
