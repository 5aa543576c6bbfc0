import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { mainTenant, mintId, type WorkItemId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import type { RunView } from '../execution/runs/run-reader.ts'
import { testServer, type TestServer } from '../server/testing.ts'
import { lineageCommand } from './lineage.ts'
import { reviewsCommand } from './reviews.ts'
import { runsCommand } from './runs.ts'
import { runCli, type Written } from './testing.ts'

let server: TestServer
let files: string
beforeAll(async () => {
  server = await testServer()
  files = mkdtempSync(join(tmpdir(), 'millrace-files-'))
})
afterAll(async () => {
  rmSync(files, { recursive: true, force: true })
  await server.stop()
})

const cli = (...args: string[]): Promise<Written> =>
  runCli([runsCommand, reviewsCommand, lineageCommand], [...args, '--data', server.home])
/** The one document of a command; anything beside it on standard output fails. */
const documentOf = async (...args: string[]): Promise<unknown> => {
  const { stdout, code } = await cli(...args, '--json')
  expect([code, stdout.split('\n').length]).toEqual([0, 2])
  return JSON.parse(stdout)
}
const fileOf = (name: string, content: string): string => {
  const path = join(files, name)
  writeFileSync(path, content)
  return path
}
const itemOf = ({ waitsFor }: RunView): WorkItemId => {
  if (waitsFor?.kind !== 'person') throw new Error('it waits for nobody')
  return waitsFor.item as WorkItemId // an item's id, from the server
}
const hostile = 'refund \u001b[2J\u202Eexe \u009b31m now'
const actsOnTerminal = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u

describe('runs', () => {
  test('show opens with the one sentence of why, then state, steps, input and result', async () => {
    const { run, because } = await server.mail('a question', 'Greetings')
    const { stdout, stderr, code } = await cli('runs', 'show', run)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n')[0]).toBe(because)
    expect(stdout).toMatch(/\ntopics +classify +done +0 +\d+ +0\.93\n/)
    expect(stdout).toMatch(/\ninput\n\{[^]*"subject": "Greetings"[^]*\nresult\n\{\n {2}"outcome": "done"\n\}\n$/)
    expect(await documentOf('runs', 'show', run)).toMatchObject({ run, because, status: 'succeeded' })
  })

  test('list has pages, a filter and one document', async () => {
    const ids = [(await server.mail('explode 1')).run, (await server.mail('explode 2')).run].toReversed()
    const page = z.object({
      runs: z.array(z.object({ run: z.string(), code: z.string() })),
      next: z.string().optional(),
    })
    const first = page.parse(await documentOf('runs', 'list', '--status', 'failed', '--limit', '1'))
    expect([first.runs[0]?.run, first.next]).toEqual([ids[0], ids[0]])
    const second = page.parse(await documentOf('runs', 'list', '--status', 'failed', '--after', ids[0] ?? ''))
    expect([second.runs[0]?.run, second.next]).toEqual([ids[1], undefined])
    const { stdout, stderr } = await cli('runs', 'list', '--pipeline', 'desk', '--limit', '1')
    expect(stdout).toMatch(/^run +pipeline +status +started +took +code\nrun_\w{32} +desk +failed +/)
    expect(stderr).toContain(`--after ${ids[0]}`)
  })

  test('cancel says whether there was anything left to cancel', async () => {
    const { run } = await server.mail('ask me')
    expect((await cli('runs', 'cancel', run)).stdout).toBe(`${run} is being cancelled.\n`)
    await server.until(run, ({ status }) => status === 'cancelled')
    expect(await documentOf('runs', 'cancel', run)).toEqual({ run, wasOpen: false })
  })

  test('a run that was paused goes on when it is resumed, and the order stands in the audit log', async () => {
    const { run } = await server.mail('ask me')
    await server.planes.engine.pause(run)
    await server.until(run, ({ status }) => status === 'paused')
    expect((await cli('runs', 'resume', run)).stdout).toBe(`${run} goes on.\n`)
    await server.until(run, ({ status }) => status === 'waiting')
    expect((await cli('runs', 'resume', run)).stdout).toBe(`${run} was not paused.\n`)
    await cli('runs', 'cancel', run)
    const { rows } = await server.database.ownerPool.query(
      'select action from audit_log where object = $1 order by month, id',
      [run],
    )
    expect(rows).toEqual([{ action: 'runs/resumed' }, { action: 'runs/cancelled' }])
  })

  test('an unknown run is one clear error, and with --json a document on standard error', async () => {
    const run = mintId('run', 0, systemRandom)
    const text = await cli('runs', 'show', run)
    expect([text.code, text.stdout]).toEqual([1, ''])
    expect(text.stderr).toMatch(/^governance\/no-such-run: There is no run .*\n$/)
    const { code, stderr, stdout } = await cli('runs', 'show', run, '--json')
    expect([code, stdout]).toEqual([1, ''])
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'governance/no-such-run' } })
  })

  test('mail that would move the cursor is shown, and moves nothing', async () => {
    const view = await server.mail(hostile, hostile)
    const item = itemOf(view)
    for (const args of [
      ['runs', 'show', view.run],
      ['reviews', 'list'],
      ['reviews', 'show', item],
      ['lineage', 'show', view.run],
    ])
      for (const json of [[], ['--json']]) {
        const { stdout, stderr, code } = await cli(...args, ...json)
        expect(code).toBe(0)
        expect(stdout + stderr).not.toMatch(actsOnTerminal)
      }
    expect((await cli('reviews', 'show', item)).stdout).toContain('\\u202eexe')
  })
})

describe('reviews', () => {
  const approval = async (): Promise<{ run: RunView; item: WorkItemId }> => {
    const run = await server.mail('refund please')
    return { run, item: itemOf(run) }
  }
  const decisionsOf = async (item: WorkItemId) =>
    (await server.planes.reviews.show({ tenant: mainTenant, item })).decisions

  test('show says what is shown, proposed and allowed; list what waits', async () => {
    const { item, run } = await approval()
    const { stdout } = await cli('reviews', 'show', item)
    for (const part of [
      'refund please',
      'proposed: keep-note',
      '"Noted: Hello"',
      'Verdicts: approve, reject',
      'wrong, not-needed',
      run.run,
      'Nobody has claimed it.',
    ])
      expect(stdout).toContain(part)
    expect((await cli('reviews', 'list', '--queue', 'money')).stdout).toContain(item)
    expect((await cli('reviews', 'list', '--queue', 'nowhere')).stderr).toContain('Nothing waits here.')
    expect(await documentOf('reviews', 'list', '--mine')).toEqual({ items: [] })
  })

  test('approve without a claim claims first and says so, and prints what was approved', async () => {
    const { item, run } = await approval()
    const { stdout, stderr, code } = await cli('reviews', 'decide', item, '--approve', '--note', 'fine')
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Claimed rev_\w+ as claim 1 until .*\n$/)])
    expect(stdout).toMatch(new RegExp(`^Approved ${item}\\.\n\napproved\n\\{\n {2}"text": "Noted: Hello"\n\\}\n`))
    expect((await server.until(run.run, ({ status }) => status === 'succeeded')).result).toEqual({ outcome: 'done' })
    expect(await decisionsOf(item)).toMatchObject([
      { verdict: 'approve', person: server.planes.owner.id, note: 'fine' },
    ])
    expect((await cli('reviews', 'decide', item, '--reject', '--reason', 'wrong')).code).toBe(1)
  })

  test('an edit runs instead, and one that does not fit the form is refused', async () => {
    const { item } = await approval()
    const refused = await cli('reviews', 'decide', item, '--approve', '--edit', fileOf('bad.json', '{"text":""}'))
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('review/bad-value')])
    const taken = await documentOf(
      'reviews',
      'decide',
      item,
      '--approve',
      '--edit',
      fileOf('good.json', '{"text":"Better"}'),
    )
    expect(taken).toMatchObject({ decision: { edited: true, value: { text: 'Better' } }, state: 'decided' })
  })

  test('a rejection needs a reason of the form; a digest of something else decides nothing', async () => {
    const { item, run } = await approval()
    expect((await cli('reviews', 'decide', item, '--reject')).stderr).toContain('review/bad-reason')
    expect((await cli('reviews', 'decide', item, '--approve', '--digest', 'other')).stderr).toContain('review/changed')
    expect(await decisionsOf(item)).toEqual([])
    expect((await cli('reviews', 'decide', item, '--reject', '--reason', 'wrong')).stdout).toBe(
      `Rejected ${item} (wrong).\n`,
    )
    expect((await server.until(run.run, ({ status }) => status === 'succeeded')).result).toEqual({
      outcome: 'rejected',
    })
  })

  test('a question is answered from a file', async () => {
    const run = await server.mail('ask me')
    const taken = await documentOf(
      'reviews',
      'decide',
      itemOf(run),
      '--answer',
      fileOf('answer.json', '{"isFine":true}'),
    )
    expect(taken).toMatchObject({ decision: { verdict: 'answer', value: { isFine: true } } })
  })

  test('claim, release, and the claim before no longer counts', async () => {
    const { item } = await approval()
    expect((await cli('reviews', 'claim', item, '--lease', '1h')).stdout).toContain(`Claimed ${item} as claim 1`)
    expect((await cli('reviews', 'release', item, '--claim', '1')).code).toBe(0)
    expect((await cli('reviews', 'decide', item, '--approve', '--claim', '1')).stderr).toContain('review/claim-lost')
    expect(await documentOf('reviews', 'claim', '--next', '--queue', 'nowhere')).toEqual({ claim: null })
    expect(await documentOf('reviews', 'claim', '--next', '--queue', 'money')).toMatchObject({
      claim: expect.any(Number),
    })
  })

  test('a file that cannot be used is known before anything is claimed', async () => {
    const { item } = await approval()
    for (const path of [join(files, 'none.json'), fileOf('no.json', '{')])
      expect((await cli('reviews', 'decide', item, '--approve', '--edit', path)).stderr).toMatch(/^cli\/file: /)
    const { claim } = await server.planes.reviews.show({ tenant: mainTenant, item })
    expect(claim.number).toBe(0)
  })

  const some = mintId('rev', 0, systemRandom)
  test.each([
    ['reviews decide ITEM'],
    ['reviews decide ITEM --approve --reject'],
    ['reviews decide ITEM --approve --answer x.json'],
    ['reviews decide ITEM --reject --edit x.json'],
    ['reviews decide --approve'],
    ['reviews decide ITEM --approve --claim one'],
    ['reviews claim'],
    ['reviews claim ITEM --next'],
    ['reviews claim ITEM --queue money'],
    ['reviews claim ITEM --lease soon'],
    ['reviews claim ITEM --lease 2d'],
    ['reviews release ITEM'],
    ['reviews list --state lost'],
    ['reviews'],
    ['runs list --limit 0'],
    ['runs list --status done'],
    ['runs show'],
    ['runs list --unknown'],
    ['lineage show'],
  ])('%s is wrong usage: 2, and nothing on standard output', async (line) => {
    const args = line.split(' ').map((word) => (word === 'ITEM' ? some : word))
    const { code, stdout, stderr } = await runCli([runsCommand, reviewsCommand, lineageCommand], args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).not.toBe('')
  })
})

describe('lineage', () => {
  test('show goes from the outcome back to what went in, with who and what took part, and says that all checks', async () => {
    const { run } = await server.mail('a question')
    const { stdout, code } = await cli('lineage', 'show', run)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^outcome {2}the run ended: done\n/)
    expect(stdout.indexOf('because  act:keep-note#0')).toBeLessThan(stdout.indexOf('because  classify:topics#0'))
    expect(stdout).toMatch(/by classifier topics \(\w{12}\)/)
    expect(stdout).toMatch(/\n6 records: everything checks\.\n$/)
    expect(await documentOf('lineage', 'show', run)).toMatchObject({ problems: [] })
  })

  test('a record that was changed is named, and the command ends with 1', async () => {
    const { run } = await server.mail('a question')
    await server.database.ownerPool.query('update run_log set confidence = 1 where run = $1 and seq = 0', [run])
    const { stdout, code } = await cli('lineage', 'show', run)
    expect(code).toBe(1)
    expect(stdout).toContain('! the confidence was changed')
    expect(stdout).toMatch(/6 records: 1 problem\. The run's records were changed\.\n$/)
    expect((await cli('lineage', 'show', run, '--json')).code).toBe(1)
  })
})

test('no server runs on the directory: one clear error', async () => {
  const { code, stdout, stderr } = await runCli([runsCommand], ['runs', 'list', '--data', files])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^server\/not-running: /)
})
