import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openHome } from '../src/server/embedded/home.ts'
import { startEngines } from '../src/server/embedded/engines.ts'
import type { Kept } from '../src/server/embedded/kept.ts'
import { urlOf } from '../src/server/embedded/postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser of a Postgres without data: each test makes a database of its own. */
    postgresOwnerUrl: string
    restateIngressUrl: string
    restateAdminUrl: string
    restateIdentityKey: string
  }
}

/** One real Postgres (without fsync) and one real Restate for a test run, in a directory of their own, ended with it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const path = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const home = openHome(path)
  const env = {
    ...process.env,
    DATABASE_URL: undefined,
    DATABASE_APP_URL: undefined,
    RESTATE_URL: undefined,
    RESTATE_ADMIN_URL: undefined,
  }
  const engines = await startEngines({
    home,
    env,
    durable: false,
    say: console.error,
    changed() {},
    giveUp: (error) => console.error(error.message),
  })
  const kept = JSON.parse(readFileSync(home.file('run/kept.json'), 'utf8')) as Kept // written by the start just above
  project.provide('postgresOwnerUrl', urlOf(kept, 'postgres', 'postgres', kept.passwords.superuser))
  project.provide('restateIngressUrl', engines.restate.ingressUrl)
  project.provide('restateAdminUrl', engines.restate.adminUrl)
  project.provide('restateIdentityKey', engines.restate.identityKey ?? '')
  return async () => {
    await engines.stop()
    home.close()
    rmSync(path, { recursive: true, force: true })
  }
}
