import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readServerJson } from '../src/server/embedded/home.ts'
import { readKept } from '../src/server/embedded/kept.ts'
import { urlOf } from '../src/server/embedded/postgres.ts'
import { openPool, type Pool } from '../src/store/pool.ts'
import type { Load, Loaded, LoadSaid, UpstreamAnswers, UpstreamAsk, UpstreamSaid } from './gateway-messages.ts'

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The scripted model server, in a process of its own. */
export interface ScriptedModels {
  readonly url: string
  ask<A extends UpstreamAsk>(asked: A): Promise<UpstreamAnswers[A['ask']]>
  stop(): void
}

export async function scriptedModels(): Promise<ScriptedModels> {
  const child = fork(fileOf('gateway-upstream.ts'))
  const said = async (): Promise<UpstreamSaid> => {
    const [message] = (await once(child, 'message')) as [UpstreamSaid] // the child's own words
    return message
  }
  const ready = await said()
  if (!('url' in ready)) throw new TypeError('it says where it listens')
  return {
    url: ready.url,
    async ask<A extends UpstreamAsk>(asked: A) {
      child.send(asked)
      const message = await said()
      if (!('answer' in message)) throw new TypeError('it answers what it is asked')
      return message.answer as UpstreamAnswers[A['ask']] // of that question
    },
    stop: () => child.disconnect(),
  }
}

/** Who calls, in a process of its own. */
export interface Callers {
  load(asked: Load): Promise<Loaded>
  stop(): void
}

export async function callers(): Promise<Callers> {
  const child = fork(fileOf('gateway-load.ts'))
  await once(child, 'message')
  return {
    async load(asked) {
      child.send(asked)
      const [message] = (await once(child, 'message')) as [LoadSaid] // the child's own words
      if ('answer' in message) return message.answer
      throw new Error('failed' in message ? message.failed : 'it answers once for each load')
    },
    stop: () => child.disconnect(),
  }
}

/** `npm run gateway`, as anybody starts it. */
export interface GatewayUnderTest {
  readonly url: string
  readonly key: string
  readonly pid: number
  readonly postgres: number
  /** The database, as its owner. */
  readonly pool: Pool
  stop(): Promise<void>
}

/** Each option as it stands on the command line. `BENCH_CPU_PROFILE`: the directory for a profile of it. */
export async function gatewayUnderTest(options: readonly string[]): Promise<GatewayUnderTest> {
  const home = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const profiles = process.env['BENCH_CPU_PROFILE']
  const profile = profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : []
  const elsewhere = { DATABASE_URL: '', DATABASE_APP_URL: '' }
  const child = spawn(
    process.execPath,
    [...profile, '--max-semi-space-size=8', fileOf('../src/cli/main.ts'), 'gateway', '--data', home, ...options],
    {
      stdio: ['ignore', 'pipe', process.env['BENCH_TELL'] ? 'inherit' : 'ignore'],
      env: { ...process.env, ...elsewhere },
    },
  )
  const { url, key } = JSON.parse(await firstLine(child)) as { readonly url: string; readonly key: string } // its words
  const kept = readKept(join(home, 'run/kept.json'))
  const pids = readServerJson(home)?.pids
  if (!kept || !pids) throw new TypeError('a running gateway has a directory')
  const pool = openPool({ url: urlOf(kept, 'millrace', 'millrace_owner', kept.passwords.owner), max: 2, name: 'bench' })
  return {
    url,
    key,
    pid: pids.main,
    postgres: pids.postgres,
    pool,
    async stop() {
      await pool.end()
      child.kill('SIGTERM')
      await once(child, 'exit')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code} before it was ready`)))
    child.stdout?.on('data', (more: string) => {
      text += more
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
    })
  })
}
