// Writes src/store/generated/schema.sql from a migrated database: `npm run schema` after a new migration.
import { mkdirSync, writeFileSync } from 'node:fs'
import { migrate } from '../src/store/migrate.ts'
import { openPool } from '../src/store/pool.ts'
import { describeSchema } from '../src/store/schema.ts'

const url = process.argv[2]
if (!url) {
  console.error('usage: npm run schema -- postgres://owner:password@host/empty-database')
  process.exit(2)
}
await migrate(url)
const pool = openPool({ url, max: 1, name: 'schema' })
mkdirSync(new URL('../src/store/generated/', import.meta.url), { recursive: true })
writeFileSync(new URL('../src/store/generated/schema.sql', import.meta.url), await describeSchema(pool))
await pool.end()
