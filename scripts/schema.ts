// Writes src/store/generated/schema.sql: `npm run schema` after every change of a migration. Needs nothing that runs already.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { openHome } from '../src/server/embedded/home.ts'
import { keep } from '../src/server/embedded/kept.ts'
import { findPostgresPlace } from '../src/server/embedded/postgres-place.ts'
import { initPostgres, postgresProcess, prepareDatabase } from '../src/server/embedded/postgres.ts'
import { migrate } from '../src/store/migrate.ts'
import { openPool } from '../src/store/pool.ts'
import { describeSchema } from '../src/store/schema.ts'

const path = mkdtempSync(join(tmpdir(), 'millrace-schema-'))
const home = openHome(path)
const place = findPostgresPlace(home.path, process.env)
const kept = await keep(home, place.data)
initPostgres(place, home, kept.passwords.superuser)
const postgres = postgresProcess(
  place,
  kept,
  { durable: false },
  { home, clock: systemClock, changed() {}, say: console.error },
)
try {
  await postgres.start((error) => console.error(error.message))
  const { ownerUrl: url } = await prepareDatabase(kept)
  await migrate(url)
  const pool = openPool({ url, max: 1, name: 'schema' })
  const text = await describeSchema(pool)
  await pool.end()
  const folder = new URL('../src/store/generated/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('schema.sql', folder), text)
} finally {
  await postgres.stop()
  home.close()
  rmSync(path, { recursive: true, force: true })
}
