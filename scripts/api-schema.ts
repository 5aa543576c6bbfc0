import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../src/core/clock.ts'
import { systemRandom } from '../src/core/random.ts'
import { makeApp } from '../src/server/api/app.ts'
import { openApiDocument } from '../src/server/api/openapi-document.ts'
import type { Planes } from '../src/server/planes.ts'

// Writes the console's types of the API from the server's own document, with no server running. `--check`: only says whether they fit.

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
export const schemaFile: string = at('console/src/api/generated/schema.d.ts')

/** Routes are only described here, and none is asked: whatever a plane is or answers, it is this. */
const nothing: unknown = new Proxy(() => nothing, { get: (_, name) => (name === 'then' ? undefined : nothing) })

export function apiSchema(): string {
  const app = makeApp({
    planes: nothing as Planes, // never asked
    databaseUrl: '',
    clock: systemClock,
    random: systemRandom,
    isStopping: () => false,
    log() {},
  })
  const generator = at('console/node_modules/openapi-typescript/bin/cli.js') // its own TypeScript lies beside it: version 7 has no API
  const { status, stderr, stdout } = spawnSync(process.execPath, [generator], {
    input: JSON.stringify(openApiDocument(app)),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(`openapi-typescript failed: ${stderr}`)
  return stdout
}

if (process.argv[1] === import.meta.filename) {
  const text = apiSchema()
  if (!process.argv.includes('--check')) writeFileSync(schemaFile, text)
  else if (readFileSync(schemaFile, 'utf8') !== text) {
    console.error('The console’s types of the API are not those of the server: run `npm run api-schema`.')
    process.exitCode = 1
  }
}
