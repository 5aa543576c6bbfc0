import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, median } from './bench.ts'
import { roundsWithin } from './deadline.ts'
import { messageOf } from './engine-pipeline.ts'
import { percentile } from './percentile.ts'
import { batchBody, type BenchEvent, sendBatch } from './send-events.ts'
import { type ServerUnderTest, serverUnderTest } from './server-under-test.ts'
import { until } from './until.ts'

const waitingRuns = 5000
/** New runs of a round, one after the other, so that they wait for what stands there and not for each other. */
const newRuns = 100
const between = 10

/**
 * Milliseconds from an event's durable acceptance to its run's first step, at P95, on a server where 5,000 runs wait for people, against the
 * same on one where none waits. Rounds alternate between the two, and medians count; less than 1 is noise.
 */
export const waiting: Bench = {
  name: 'waiting',
  unit: 'ms',
  async run({ quick }) {
    const servers: ServerUnderTest[] = []
    try {
      const [full, empty] = await Promise.all(
        [serverUnderTest(), serverUnderTest()].map(async (starting) => {
          const server = await starting
          servers.push(server)
          return server
        }),
      )
      if (!full || !empty) throw new TypeError('two were started')
      await fill(full)
      const figures = { ours: [] as number[][], reference: [] as number[][] }
      const more = roundsWithin({ least: 4, most: quick ? 12 : 60, quick })
      for (let round = -1; more(); round++) {
        const pair = [
          ['ours', full],
          ['reference', empty],
        ] as const
        for (const [side, server] of round % 2 === 0 ? pair : pair.toReversed()) {
          const took = await startsOf(server)
          if (round >= 0) figures[side].push(took) // one round warms both up
        }
      }
      const at = (side: readonly number[][], share: number): number =>
        median(side.map((took) => percentile(took, share)))
      const row = (what: string, side: readonly number[][]): Record<string, string | number> => ({
        'runs that wait': what,
        'p50 ms': Number(at(side, 0.5).toFixed(1)),
        'p95 ms': Number(at(side, 0.95).toFixed(1)),
        rounds: side.length,
      })
      return {
        ours: at(figures.ours, 0.95),
        reference: at(figures.reference, 0.95),
        rows: [row(`${waitingRuns}`, figures.ours), row('none', figures.reference)],
      }
    } finally {
      for (const server of servers) await server.stop()
    }
  },
}

let next = 0
const nextOf = (type: string, data: (n: number) => BenchEvent['data']): BenchEvent => {
  const n = next++
  return { id: `${n}`, type, data: data(n) }
}

/** Resolves when all of them wait, and hold nothing. */
async function fill(server: ServerUnderTest): Promise<void> {
  const runs: string[] = []
  while (runs.length < waitingRuns) {
    const events = Array.from({ length: 500 }, () => nextOf('bench.question', (n) => ({ text: `Is ${n} fine?` })))
    runs.push(...(await sendBatch(server, batchBody(events))))
  }
  await until(server, {
    n: waitingRuns,
    of: 'select count(*)::int as n from wake where is_parked and run = any($1)',
    runs,
  })
}

async function startsOf(server: ServerUnderTest): Promise<number[]> {
  const runs: string[] = []
  for (let n = 0; n < newRuns; n++) {
    runs.push(...(await sendBatch(server, batchBody([nextOf('bench.message', messageOf)]))))
    await sleep(between)
  }
  await until(server, {
    n: newRuns,
    of: `select count(*)::int as n from run where id = any($1) and state = 'succeeded'`,
    runs,
  })
  const { rows } = await server.pool.query<{ ms: number }>(
    `select (extract(epoch from l.at - i.accepted) * 1000)::float8 as ms
      from unnest($1::text[]) as q(run) join inbox i on i.run = q.run join run_log l on l.run = q.run and l.seq = 0`,
    [runs],
  )
  return rows.map(({ ms }) => ms)
}
