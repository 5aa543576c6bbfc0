import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '../src/cli/client.ts'
import { readServerJson } from '../src/server/embedded/home.ts'
import { readKept } from '../src/server/embedded/kept.ts'
import { urlOf } from '../src/server/embedded/postgres.ts'
import { readOwnerKey } from '../src/server/owner.ts'
import { openPool, type Pool } from '../src/store/pool.ts'
import type { Answers, Ask, Said } from './server-messages.ts'

/** A whole server in a process of its own, on a data directory of its own. */
export interface ServerUnderTest {
  readonly client: Client
  readonly url: string
  readonly key: string
  /** The database, as its owner. */
  readonly pool: Pool
  readonly pids: { readonly main: number; readonly postgres: number; readonly restate: number }
  ask<K extends Ask['ask']>(what: K): Promise<Answers[K]>
  /** Ends it, and removes all that it has left. */
  stop(): Promise<void>
}

const elsewhere = { DATABASE_URL: '', DATABASE_APP_URL: '', RESTATE_URL: '', RESTATE_ADMIN_URL: '' }

/** Starts `bench/project.ts`, with both engines embedded. */
export async function serverUnderTest(): Promise<ServerUnderTest> {
  const home = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const [program, project] = ['./server-process.ts', './project.ts'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  const profile = process.env['BENCH_CPU_PROFILE'] // a directory: where the time of the server goes
  const child = fork(program ?? '', [home, project ?? ''], {
    env: { ...process.env, ...elsewhere },
    execArgv: ['--expose-gc', ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [])],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const next = (): Promise<Said> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the server under test has ended'))
      child.once('exit', ended)
      child.once('message', (said: Said) => {
        child.off('exit', ended)
        if ('failed' in said) reject(new Error(said.failed))
        else resolve(said)
      })
    })
  const remove = (): void => rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  const said = await next().catch((error: unknown) => {
    remove()
    throw error
  })
  const kept = readKept(join(home, 'run/kept.json'))
  const [key, pids] = [readOwnerKey(home), readServerJson(home)?.pids]
  if (!('url' in said) || !kept || key === undefined || !pids) throw new Error('the server under test does not serve')
  const { url } = said
  const ask = async <K extends Ask['ask']>(what: K): Promise<Answers[K]> => {
    const answer = next()
    child.send({ ask: what } satisfies Ask)
    return ((await answer) as unknown as { readonly answer: Answers[K] }).answer // the process answers what it was asked
  }
  const pool = openPool({ url: urlOf(kept, 'millrace', 'millrace_owner', kept.passwords.owner), max: 4, name: 'bench' })
  return {
    client: new Client({ url, key }),
    url,
    key,
    pool,
    pids,
    ask,
    async stop() {
      await pool.end()
      await ask('stop')
      await exited
      remove()
    },
  }
}
