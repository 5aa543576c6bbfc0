import { type Bench, median } from './bench.ts'
import { roundsWithin } from './deadline.ts'
import { diskFlush } from './disk-flush.ts'
import { refuseUnequal } from './gateway-counts.ts'
import type { Load, Loaded } from './gateway-messages.ts'
import { startPeer } from './gateway-peer.ts'
import { callers, gatewayUnderTest, scriptedModels } from './gateway-processes.ts'
import { cpuOfTree } from './process-cpu.ts'

const kilobyte = 1024
const cells = [false, true].flatMap((isStream) => [1, 64].map((size) => ({ isStream, size })))
type Cell = (typeof cells)[number]
const sides = ['ours', 'peer', 'direct'] as const
type Side = (typeof sides)[number]

/** What one round of one side saw in one cell. */
interface Seen {
  /** Calls a second, 16 at once. */
  readonly perSecond: number
  /** Milliseconds of a call, one at a time. */
  readonly alone: number
  readonly wrong: number
}

/**
 * Calls a second through our gateway, 16 at once, against `@portkey-ai/gateway` with the same scripted model server: of the cell (stream or
 * not, 1 or 64 kB) where the two are closest. Ours holds each call against three budgets, commits the reservation before it sends, settles it
 * and keeps its record; the peer does none of that. It fails where the four counts differ. Rounds alternate, medians count.
 */
export const gateway: Bench = {
  name: 'gateway',
  unit: 'calls/s',
  async run({ quick }) {
    const peer = await startPeer()
    if (!peer) console.error('The peer could not be installed from the registry: ours is measured alone.')
    const models = await scriptedModels()
    const calling = await callers()
    const budgets = ['all=100000', 'team=50000', 'client=20000'].flatMap((budget) => ['--budget', budget])
    const ours = await gatewayUnderTest(['--route', `small=${models.url}/ours/v1/small`, ...budgets])
    const path = '/v1/chat/completions'
    const where: Readonly<Record<Side, Pick<Load, 'url' | 'headers'> | undefined>> = {
      ours: { url: ours.url + path, headers: { authorization: `Bearer ${ours.key}` } },
      peer: peer && { url: peer.url + path, headers: peer.headersFor(models.url) },
      direct: { url: models.url + path, headers: {} },
    }
    const seen = new Map<string, Seen[]>()
    const keyOf = (side: Side, { isStream, size }: Cell): string => `${side} ${isStream} ${size}`
    let asked = 0
    let cpu = { main: 0, postgres: 0, calls: 0 }
    const run = async (side: Side, load: Omit<Load, 'url' | 'headers' | 'model'>): Promise<Loaded> => {
      const at = where[side]
      if (!at) throw new TypeError('who is not there is not asked')
      const before = { main: cpuOfTree(ours.pid), postgres: cpuOfTree(ours.postgres) }
      const loaded = await calling.load({ ...at, model: 'small', ...load })
      if (side !== 'ours') return loaded
      asked += load.calls
      if (loaded.failed !== null) throw new Error(`ours answered wrongly: ${loaded.failed}`)
      cpu = {
        main: cpu.main + cpuOfTree(ours.pid) - before.main,
        postgres: cpu.postgres + cpuOfTree(ours.postgres) - before.postgres,
        calls: cpu.calls + load.calls,
      }
      return loaded
    }
    try {
      const present = sides.filter((side) => where[side])
      const [many, few] = quick ? [1500, 150] : [6000, 500]
      const more = roundsWithin({ least: 2, most: quick ? 4 : 8, quick })
      for (let round = -1; more(); round++)
        for (const cell of cells)
          for (const side of round % 2 === 0 ? present : present.toReversed()) {
            const how = { bytes: cell.size * kilobyte, isStream: cell.isStream }
            const crowd = await run(side, { ...how, atOnce: 16, calls: many })
            const alone = await run(side, { ...how, atOnce: 1, calls: few })
            if (round < 0) continue // one round warms all up
            const key = keyOf(side, cell)
            const figures = {
              perSecond: (crowd.calls / crowd.ms) * 1000,
              alone: median(alone.took),
              wrong: crowd.wrong + alone.wrong,
            }
            seen.set(key, [...(seen.get(key) ?? []), figures])
          }
      await refuseUnequal(ours.pool, { requests: asked, upstream: await models.ask({ ask: 'calls', of: 'ours' }) })
      const of = (side: Side, cell: Cell, pick: (one: Seen) => number): number =>
        median((seen.get(keyOf(side, cell)) ?? []).map(pick))
      const rows = cells.map((cell) => {
        const speed = (side: Side): number => of(side, cell, (one) => one.perSecond)
        const added = (side: Side): number =>
          of(side, cell, (one) => one.alone) - of('direct', cell, (one) => one.alone)
        return {
          cell: `${cell.size} kB${cell.isStream ? ', stream' : ''}`,
          ours: Math.round(speed('ours')),
          peer: Math.round(speed('peer')),
          ratio: Number((speed('ours') / speed('peer')).toFixed(2)),
          'ours adds ms': Number(added('ours').toFixed(3)),
          'peer adds ms': Number(added('peer').toFixed(3)),
          'of it': Number((added('ours') / added('peer')).toFixed(2)),
          'peer wrong': of('peer', cell, (one) => one.wrong),
          direct: Math.round(speed('direct')),
        }
      })
      console.error(
        `CPU a call of ours: gateway ${(cpu.main / cpu.calls).toFixed(3)} ms, Postgres ${(cpu.postgres / cpu.calls).toFixed(3)} ms`,
      )
      console.error(`a flush of the disk, below which no reservation is committed: ${diskFlush().toFixed(3)} ms`)
      const compared = rows.filter((row) => row['peer wrong'] === 0)
      const lowest = compared.toSorted((a, b) => a.ratio - b.ratio)[0]
      const slowest = Math.min(...rows.map((row) => row.ours))
      return { ours: lowest?.ours ?? slowest, reference: peer && lowest ? lowest.peer : null, rows }
    } finally {
      await ours.stop()
      await peer?.stop()
      models.stop()
      calling.stop()
    }
  },
}
