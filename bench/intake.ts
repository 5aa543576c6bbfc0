import { z } from 'zod'
import { BareIntake } from './bare-intake.ts'
import { type Bench, median } from './bench.ts'
import { roundsWithin } from './deadline.ts'
import { fiveDecisions, messageOf } from './engine-pipeline.ts'
import { batchBody, sendBatch } from './send-events.ts'
import { type ServerUnderTest, serverUnderTest } from './server-under-test.ts'

const batchSize = 500
/** Batches in flight at once, on both sides. */
const atOnce = 4

/**
 * Events accepted a second over HTTP, each batch answered after its durable commit, against a bare insert by `pg` of the same rows in the same
 * batches into tables of the same shape and the same database. The pipeline is paused, so that no run takes processor time from either: what
 * is measured is intake. Rounds alternate, and medians count.
 */
export const intake: Bench = {
  name: 'intake',
  unit: 'events/s',
  async run({ quick }) {
    const [most, batches] = quick ? [15, 12] : [31, 30]
    const server = await serverUnderTest()
    try {
      await server.client.post(`/pipelines/${fiveDecisions.name}/pause`, {}, z.unknown())
      await ours(server, batches) // warms it up, and leaves rows to take the sizes of
      const bare = await BareIntake.open(server.pool)
      await reference(server, bare, batches)
      const figures = { ours: [] as number[], reference: [] as number[] }
      const more = roundsWithin({ least: 3, most, quick })
      for (let round = 0; more(); round++) {
        if (round % 2 === 0) figures.ours.push(await ours(server, batches))
        figures.reference.push(await reference(server, bare, batches))
        if (round % 2 === 1) figures.ours.push(await ours(server, batches))
      }
      const rounds = figures.ours.length
      const sent = (rounds + 1) * batches * batchSize
      const { rows } = await server.pool.query<{ n: number }>('select count(*)::int as n from inbox')
      if (rows[0]?.n !== sent || (await bare.count()) !== sent) throw new Error('events are missing')
      const [accepted, inserted] = [median(figures.ours), median(figures.reference)]
      const what = { 'events a batch': batchSize, 'batches at once': atOnce, rounds }
      return {
        ours: accepted,
        reference: inserted,
        rows: [
          { side: 'Millrace, over HTTP', 'events/s': Math.round(accepted), ...what },
          { side: 'bare insert', 'events/s': Math.round(inserted), ...what },
        ],
      }
    } finally {
      await server.stop()
    }
  },
}

let next = 0
const type = 'bench.message'
const namesOf = (batches: number): string[][] =>
  Array.from({ length: batches }, () => Array.from({ length: batchSize }, () => `${next++}`))

async function ours(server: ServerUnderTest, batches: number): Promise<number> {
  const bodies = namesOf(batches).map((names) =>
    batchBody(names.map((id) => ({ id, type, data: messageOf(Number(id)) }))),
  )
  return perSecond(bodies, (body) => sendBatch(server, body))
}

async function reference({ pool }: ServerUnderTest, bare: BareIntake, batches: number): Promise<number> {
  const { rows } = await pool.query<{ principal: string }>('select principal from inbox limit 1')
  const { principal = '' } = rows[0] ?? {}
  const values = namesOf(batches).map((names) => bare.batchOf(names, { pipeline: fiveDecisions.name, principal, type }))
  return perSecond(values, (one) => bare.insert(one))
}

async function perSecond<T>(batches: readonly T[], send: (batch: T) => Promise<unknown>): Promise<number> {
  const since = performance.now()
  const left = [...batches]
  const sender = async (): Promise<void> => {
    for (let batch = left.shift(); batch !== undefined; batch = left.shift()) await send(batch)
  }
  await Promise.all(Array.from({ length: atOnce }, sender))
  return ((batches.length * batchSize) / (performance.now() - since)) * 1000
}
