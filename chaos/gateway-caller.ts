import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../src/core/clock.ts'
import { mainTenant } from '../src/core/ids.ts'
import { systemRandom } from '../src/core/random.ts'
import { PriceBook } from '../src/models/cost/price-book.ts'
import { openLedger } from '../src/models/cost/testing.ts'
import { dialects } from '../src/models/dialects/dialects.ts'
import { Gateway } from '../src/models/gateway/gateway.ts'
import { CallRecorder } from '../src/models/gateway/recorder.ts'
import { Targets } from '../src/models/providers/targets.ts'
import { Upstream } from '../src/models/providers/upstream.ts'
import { testModel, testRoute } from '../src/models/routes/testing.ts'
import { TrafficLog } from '../src/models/routes/traffic-log.ts'
import { openPool } from '../src/store/pool.ts'
import { unitPrices } from './unit-prices.ts'

// A gateway in a process of its own that makes calls until it is killed, or has made all of its own. It says who it is, how far it has come, and that it is done.

const [databaseUrl = '', smallUrl = '', largeUrl = '', from = '0', to = '0'] = process.argv.slice(2)
const atOnce = 24

const pool = openPool({ url: databaseUrl, max: 6, name: 'chaos' })
const { ledger, process: id } = await openLedger(pool)
console.log(id)
const wire = new Upstream()
const recorder = new CallRecorder({
  traffic: new TrafficLog({ pool }),
  clock: systemClock,
  onLost: (_, error) => console.error(error),
})
const route = testRoute(
  {
    targets: ['small'],
    fallback: ['large'],
    hedge: true,
    timeouts: { firstByte: '400ms', idle: '400ms' },
    outputCap: 64,
  },
  [testModel('small', { url: `${smallUrl}/v1` }), testModel('large', { url: `${largeUrl}/v1` })],
)
const gateway = new Gateway({
  routes: { get: () => route },
  targets: new Targets(systemClock),
  upstream: wire,
  prices: new PriceBook(unitPrices),
  spend: ledger,
  keysOf: () => [],
  clock: systemClock,
  random: systemRandom,
  record: (record, outcome) => recorder.add(record, outcome),
})

/** The chance of one call, from its number alone: who goes on after a kill does not do the same again. */
const chance = (call: number, of: number): number => (call * 2_654_435_761 + of * 40_503) % 1000

async function make(call: number): Promise<void> {
  const isStream = chance(call, 1) < 500
  const body = {
    model: 'chat',
    stream: isStream,
    messages: [{ role: 'user', content: `Call ${call}: ${'word '.repeat(chance(call, 2) % 40)}` }],
  }
  const request = dialects['openai-chat'].read(Buffer.from(JSON.stringify(body)))
  const left = new AbortController()
  const leaves = chance(call, 3) < 120
  if (leaves) void sleep(chance(call, 4) % 60).then(() => left.abort())
  const budgets = [chance(call, 5) < 100 ? 'poor' : 'team']
  const caller = { tenant: mainTenant, budgets, dataClass: 'internal', priority: 1, facts: { task: 'chaos' } } as const
  try {
    const answer = await gateway.call(request, caller, { headers: {}, signal: left.signal })
    if (Buffer.isBuffer(answer.body)) return
    let events = 0
    for await (const _ of answer.body) if (leaves && ++events > 2) break
  } catch {
    // Refused, failed or left: what matters is the money.
  }
}

let next = Number(from)
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    while (next < Number(to)) {
      if (next % 25 === 0) console.log(next)
      await make(next++)
    }
  }),
)
await gateway.idle()
await recorder.idle()
await wire.close()
console.log('done')
await pool.end()
