import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ScriptedUpstream } from '../models/providers/testing.ts'
import { isAlive, readServerJson } from '../server/embedded/home.ts'
import { readKept } from '../server/embedded/kept.ts'
import { urlOf } from '../server/embedded/postgres.ts'

// The command as a test of somebody else's would use it: a process of its own, one line on its standard output, a signal to end it.

const main = fileURLToPath(new URL('main.ts', import.meta.url))

let upstream: ScriptedUpstream
let folder: string
let child: ChildProcess
let line: { readonly url: string; readonly key: string }
let output = ''
let openai: OpenAI

beforeAll(async () => {
  upstream = await ScriptedUpstream.start({ does: 'answer' })
  folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const at = `${upstream.url}/v1`
  const args = ['--route', `small=${at}/small,${at}/other`, '--route', `big=${at}/acme/big-1`]
  child = spawn(
    process.execPath,
    [
      main,
      'gateway',
      ...args,
      '--budget',
      'all=10',
      '--budget',
      'team=5',
      '--price',
      '2/3',
      '--data',
      join(folder, 'd'),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, TMPDIR: folder } },
  )
  child.stdout?.setEncoding('utf8')
  line = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
    child.stdout?.on('data', (text: string) => {
      output += text
      if (output.endsWith('\n')) resolve(JSON.parse(output) as typeof line) // the command's own words
    })
  })
  openai = new OpenAI({ baseURL: `${line.url}/v1`, apiKey: line.key, maxRetries: 0 })
}, 60_000)
beforeEach(() => {
  upstream.otherwise = { does: 'answer', text: 'Hello there.', usage: { input: 20, output: 5 } }
})
afterAll(async () => {
  child.kill('SIGKILL')
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

const messages = [{ role: 'user' as const, content: 'Hi' }]

describe('the gateway alone', () => {
  test('answers an unchanged client, asks the fallback when the first fails, and passes a model’s name with slashes', async () => {
    const answer = await openai.chat.completions.create({ model: 'small', messages, max_completion_tokens: 50 })
    expect(answer.choices[0]?.message.content).toBe('Hello there.')
    await openai.chat.completions.create({ model: 'big', messages, max_completion_tokens: 50 })
    expect(JSON.parse(upstream.calls.at(-1)?.body.toString() ?? '')).toMatchObject({ model: 'acme/big-1' })
    expect(upstream.calls.at(-1)?.path).toBe('/v1/chat/completions')
  })

  test('holds calls against every budget, by a price that is not zero', async () => {
    const kept = readKept(join(folder, 'd/run/kept.json'))
    if (!kept) throw new Error('the data directory holds its ports')
    const client = new pg.Client({ connectionString: urlOf(kept, 'millrace', 'millrace_app', kept.passwords.app) })
    await client.connect()
    try {
      // 2 dollars and 3 dollars a million tokens: 20 in and 5 out are 55,000 nano, in two calls.
      await expect
        .poll(async () => (await client.query('select budget, held, spent from budget_period order by 1')).rows)
        .toEqual([
          { budget: 'all', held: '0', spent: '110000' },
          { budget: 'team', held: '0', spent: '110000' },
        ])
    } finally {
      await client.end()
    }
  })

  test('prints one line and nothing else, and a signal ends it with its database', async () => {
    const pids = readServerJson(join(folder, 'd'))?.pids
    expect(pids).toMatchObject({ main: child.pid, restate: 0 })
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect([code, output.split('\n').length]).toEqual([0, 2])
    expect(isAlive(pids?.postgres ?? 0)).toBe(false)
    expect(readdirSync(folder)).toEqual(['d'])
  })
})
