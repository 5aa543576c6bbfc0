import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Family, readExposition } from '../../telemetry/testing-exposition.ts'
import { testServer, type TestServer } from '../testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  await server.mail('How are you?')
  await server.mail('I want a refund, says Ada of Example Street.')
  await server.mail('forbidden')
  await fetch(`${server.url}/api/v1/runs`) // without a key
})
afterAll(() => server.stop())

async function scrape(): Promise<{ text: string; families: readonly Family[] }> {
  const answer = await fetch(`${server.url}/metrics`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await answer.text()
  return { text, families: readExposition(text) }
}

const valueOf = (families: readonly Family[], name: string, labels: Record<string, string> = {}): number | undefined =>
  families
    .flatMap((family) => family.samples)
    .find(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )?.value

test('the figures are those of what happened', async () => {
  const { families } = await scrape()
  expect(valueOf(families, 'millrace_runs', { state: 'succeeded' })).toBe(1)
  expect(valueOf(families, 'millrace_runs', { state: 'waiting' })).toBe(1)
  expect(valueOf(families, 'millrace_runs', { state: 'running' })).toBe(0)
  expect(valueOf(families, 'millrace_runs', { state: 'failed' })).toBe(1)
  expect(valueOf(families, 'millrace_inbox_pending', { priority: '2' })).toBe(0)
  expect(valueOf(families, 'millrace_work_items_open', { queue: 'money' })).toBe(1)
  expect(valueOf(families, 'millrace_work_items_oldest_seconds', { queue: 'money' })).toBeGreaterThan(0)
  expect(valueOf(families, 'millrace_dead_letters')).toBe(0)
  expect(valueOf(families, 'millrace_effects_held')).toBe(0)
  const classified = { pipeline: 'desk', kind: 'classify', resource: 'topics', outcome: 'done' }
  expect(valueOf(families, 'millrace_step_duration_seconds_count', classified)).toBe(3)
  expect(valueOf(families, 'millrace_errors_total', { where: 'api', code: 'api/no-key' })).toBe(1)
  expect(valueOf(families, 'millrace_errors_total', { code: 'step/denied' })).toBe(1)
  expect(valueOf(families, 'process_resident_memory_bytes')).toBeGreaterThan(1e6)
  expect(valueOf(families, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThanOrEqual(0)
})

test('no label names a person, an entity or an id', async () => {
  const { text } = await scrape()
  expect(text).not.toMatch(/ada|example|(?:run|per|evt|rev|key|sub)_[0-9a-f]{8}/i)
})

test('promtool accepts it, where there is one', async ({ skip }) => {
  const { text } = await scrape()
  const checked = spawnSync(process.env['PROMTOOL'] ?? 'promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })
  if (checked.error) return skip('promtool is not installed: the reader of this test stands for it')
  expect(checked.stderr + checked.stdout).toBe('')
  expect(checked.status).toBe(0)
})

test('whoever comes from elsewhere needs a key', async () => {
  const headers = { 'x-forwarded-for': '192.0.2.1' }
  expect((await fetch(`${server.url}/metrics`, { headers })).status).toBe(401)
  expect((await server.ask('/metrics', { headers })).status).toBe(200)
})

test('the plans stay on their indexes, whatever the tables hold', async () => {
  const { ownerPool, planes } = { ...server.database, planes: server.planes }
  await ownerPool.query(`insert into run (t, id, root, pipeline, digest, state, ended)
    select 'main', 'run_' || lpad(to_hex(n), 32, '0'), '', 'old', '', 'succeeded', now() from generate_series(1, 60000) n`)
  await ownerPool.query(`insert into inbox (t, source, id, run, pipeline, type, payload, state)
    select 'main', 's', n::text, 'run_' || lpad(to_hex(n), 32, '0'), 'p', 't', 'pay', 'started' from generate_series(1, 60000) n`)
  await ownerPool.query('vacuum analyze run, inbox')
  const before = await readRows()
  const families = readExposition(
    await (await fetch(`${server.url}/metrics`, { signal: AbortSignal.timeout(50_000) })).text(),
  )
  expect(families.length).toBeGreaterThan(5)
  const metric = (await planes.queueMeter.look()).find(({ name }) => name === 'millrace_runs')
  const ended = metric?.samples.find(({ labels }) => labels?.['state'] === 'succeeded')?.value ?? 0
  expect(Math.abs(ended - 60_001)).toBeLessThan(6000)
  // No sequential scan of either. Other connections report what they read while the tables were small up to ten seconds late.
  expect((await readRows()) - before).toBeLessThan(60_000)

  async function readRows(): Promise<number> {
    await ownerPool.query('select pg_stat_force_next_flush()')
    const { rows } = await ownerPool.query<{ n: string }>(
      `select sum(seq_tup_read) as n from pg_stat_user_tables where relname in ('run', 'inbox')`,
    )
    return Number(rows[0]?.n)
  }
})
