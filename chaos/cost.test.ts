import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import { PriceBook } from '../src/models/cost/price-book.ts'
import { costOf } from '../src/models/cost/price.ts'
import { declare, openLedger } from '../src/models/cost/testing.ts'
import { type Behaviour, type ScriptedCall, ScriptedUpstream } from '../src/models/providers/testing.ts'
import { type TestDatabase, testDatabase } from '../src/store/testing.ts'
import { unitPrices } from './unit-prices.ts'

// What a provider bills and what the ledger says, under everything at once: hedges, retries, fallbacks, clients that leave, providers that fail in each
// of their ways, and processes that are killed in the middle. Would catch an attempt that is sent without a reservation, one that is booked twice, never,
// or for less than it cost, and a budget that is passed.

const caller = fileURLToPath(new URL('gateway-caller.ts', import.meta.url))
const calls = 5000
/** Kills happen when so many calls have come to the providers. */
const killsAt = [400, 1100, 1900, 2600, 3500]

let database: TestDatabase
let upstreams: { small: ScriptedUpstream; large: ScriptedUpstream }
let child: ChildProcess | undefined
/** The number that the next call has, as the victim last said: the calls after it are made again. */
let begun = 0

beforeAll(async () => {
  database = await testDatabase({ max: 12 })
  upstreams = { small: await ScriptedUpstream.start(), large: await ScriptedUpstream.start() }
})
afterAll(async () => {
  child?.kill('SIGKILL')
  await Promise.all([upstreams.small.close(), upstreams.large.close()])
  await database.drop()
})

const seen = (): readonly ScriptedCall[] => [...upstreams.small.calls, ...upstreams.large.calls]
const idOf = (call: ScriptedCall): string => String(call.headers['x-client-request-id'])

test('after kills, hedges, aborts and failures of every kind, each attempt of the provider’s log is booked: right, or as its worst case', async () => {
  await declare(
    database.pool,
    { id: 'company', nano: 900_000_000 },
    { id: 'team', nano: 800_000_000, parent: 'company' },
    { id: 'poor', nano: 4000, parent: 'company' },
  )
  const unreserved: string[] = []
  const looks: Promise<void>[] = []
  let heard = 0
  /** Each attempt that arrives is looked up at once: it must be reserved, and durably so. */
  const look = async (call: ScriptedCall): Promise<void> => {
    const { rows } = await database.pool.query('select from reservation where t = $1 and id = $2', ['main', idOf(call)])
    if (rows.length === 0) unreserved.push(idOf(call))
  }
  const watch = (upstream: ScriptedUpstream): void => {
    let known = 0
    void upstream.until(() => {
      for (; known < upstream.calls.length; known++) {
        const call = upstream.calls[known]
        if (!call) break
        heard++
        upstream.next(behaviourOf(heard))
        looks.push(look(call))
        if (call.behaviour === 'answer') slowly(call, heard)
      }
      return false
    })
  }
  watch(upstreams.small)
  watch(upstreams.large)

  const left = [...killsAt]
  for (let from = 0; from < calls;) {
    const at = left.shift()
    const { process: id, done, madeBy } = await start(from)
    const killed = at === undefined ? undefined : until(() => heard >= at)
    const ended = await Promise.race([done, ...(killed ? [killed.then(() => 'kill' as const)] : [])])
    if (ended !== 'kill') break
    child?.kill('SIGKILL')
    await madeBy
    // It beats no more; nobody waits half a minute for that here.
    await database.ownerPool.query(`update process set beat = beat - interval '1 hour' where id = $1`, [id])
    from = begun
  }
  await Promise.all(looks)
  const { ledger, alerts } = await openLedger(database.pool)
  await ledger.recover()

  expect(unreserved).toEqual([]) // C3
  const { rows } = await database.ownerPool.query<{
    id: string
    state: string
    kind: string
    actual: string | null
    held: string
  }>('select id, state, kind, actual, held from reservation')
  expect(rows.filter(({ state }) => state === 'held')).toEqual([])
  const log = new Map(seen().map((call) => [idOf(call), call]))
  expect(log.size).toBe(seen().length) // one reservation, one request
  const price = new PriceBook(unitPrices).priceOf({ provider: 'openai', model: 'small', at: systemClock.today() })
  if (!price) throw new Error('the test declares it')
  const counts: Record<string, number> = {}
  let excess = 0n
  for (const { actual, id, kind, state } of rows) {
    counts[`${kind} ${state}`] = (counts[`${kind} ${state}`] ?? 0) + 1
    const call = log.get(id)
    const used = call?.usage ? (costOf(price, call.usage) ?? 0n) : 0n
    const booked = BigInt(actual ?? 0)
    if (state === 'released') expect(call, `${id} was released, and sent`).toBeUndefined()
    else if (state === 'settled') expect(booked, `${kind} ${id} (${call?.behaviour})`).toBe(used)
    else if (booked < used) excess += used - booked
  }
  for (const id of log.keys()) expect(rows.some((row) => row.id === id)).toBe(true)
  const { rows: balances } = await database.ownerPool.query<{
    budget: string
    held: string
    spent: string
    sum: string
  }>(
    `select p.budget, p.held, p.spent, (select coalesce(sum(r.actual), 0) from reservation r where p.budget = any (r.budgets)) as sum from budget_period p order by 1`,
  )
  for (const { held, spent, sum } of balances) {
    expect(held).toBe('0')
    expect(spent).toBe(sum)
  }
  const poor = balances.find(({ budget }) => budget === 'poor')
  expect(BigInt(poor?.spent ?? 0)).toBeLessThanOrEqual(4000n)
  const { rows: refused } = await database.ownerPool.query(
    `select from cost_alert where budget = 'poor' and kind = 'refused'`,
  )
  expect(refused.length).toBe(1) // it had no room: C1 was put to the test
  expect(counts['first settled'] ?? 0).toBeGreaterThan(1000)
  for (const kind of ['hedge', 'retry', 'fallback'])
    expect(
      rows.some((row) => row.kind === kind),
      `no ${kind} happened: the test would show nothing of it`,
    ).toBe(true)
  expect(rows.some(({ state }) => state === 'assumed')).toBe(true)
  console.log(
    `${rows.length} reservations, ${log.size} requests, excess over what was assumed: ${excess} nano, alerts: ${alerts.length}`,
    counts,
  )
}, 240_000)

async function start(from: number): Promise<{ process: string; done: Promise<'done'>; madeBy: Promise<unknown> }> {
  const { large, small } = upstreams
  const args = [caller, database.appUrl, small.url, large.url, String(from), String(calls)]
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (!child.stdout) throw new Error('its output is piped')
  const madeBy = once(child, 'exit')
  const { promise: hello, resolve: greet } = Promise.withResolvers<string>()
  const { promise: done, resolve: finish } = Promise.withResolvers<'done'>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'done') finish('done')
    else if (line.startsWith('pro_')) greet(line)
    else begun = Number(line)
  })
  return { process: await hello, done, madeBy }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

/** Mostly an answer; each hundredth call or so goes wrong in one of the ways in which providers do. */
function behaviourOf(n: number): Behaviour {
  const usage = { input: 10 + (n % 17), output: 3 + (n % 11) }
  const answer: Behaviour = { does: 'answer', text: 'One two three four.', usage, held: 'headers' }
  const wrongs: readonly Behaviour[] = [
    { does: 'status', status: 500 },
    { does: 'status', status: 429, headers: { 'retry-after': '0' } },
    { does: 'close', after: 'request' },
    { does: 'close', after: 'headers' },
    { does: 'close', after: 'events', events: 2 },
    { does: 'hang', after: 'headers' },
    { does: 'garbage' },
    { does: 'error-inside' },
    { does: 'truncate' },
    { does: 'duplicate' },
    { does: 'wrong-content-type' },
    { does: 'status', status: 400 },
  ]
  return n % 9 === 0 ? (wrongs[(n / 9) % wrongs.length] ?? answer) : answer
}

/** Most answers at once, one in twenty late enough to be hedged. */
function slowly(call: ScriptedCall, n: number): void {
  if (n % 20 === 0) void sleep(150).then(() => call.release())
  else setImmediate(() => call.release())
}
