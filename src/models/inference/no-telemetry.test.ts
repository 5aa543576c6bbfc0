import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Runs a program in a process whose home is empty. Answers what stands there afterwards. */
function leftBy(text: string): string[] {
  const home = mkdtempSync(join(tmpdir(), 'millrace-home-'))
  try {
    const env = { PATH: process.env['PATH'], HOME: home }
    const ran = spawnSync(process.execPath, ['-e', text], { cwd: root, env, encoding: 'utf8' })
    expect([ran.stderr, ran.status]).toEqual(['', 0])
    return readdirSync(home, { recursive: true, encoding: 'utf8' })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const bare = `require('onnxruntime-node').InferenceSession.create('none').catch(() => {})`

test('a worker that runs the runtime leaves no id of this device behind, and so has nothing to report under', () => {
  const host = `import('./src/models/inference/inference-host.ts').then(() => new (require('node:worker_threads').Worker)(${JSON.stringify(bare)}, { eval: true }))`
  expect(leftBy(host)).toEqual([])
})

test('without the variable it would: else the test above shows nothing', () => {
  expect(leftBy(bare).join()).toMatch(/onnxruntime/)
})
