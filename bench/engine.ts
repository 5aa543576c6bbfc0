import { freePort } from '../src/server/embedded/free-port.ts'
import { type Bench, median } from './bench.ts'
import { ourRunner, type Runner } from './engine-ours.ts'
import { referenceRunner } from './engine-reference.ts'
import { temporaryEngines } from './temporary-engines.ts'

const atOnce = 100

/**
 * Five-step runs a second, through the whole platform (corridor, policy, one encrypted and committed row a step, lineage's links), against
 * the bare Restate SDK evaluating the same five tables in `ctx.run`. The same engines, the same process, 100 at once; rounds alternate, so
 * that what else the machine does hits both, and medians count.
 */
export const engine: Bench = {
  name: 'engine',
  unit: 'runs/s',
  async run({ quick }) {
    const [rounds, runs] = quick ? [15, 600] : [31, 1000]
    const engines = await temporaryEngines()
    const ours = await ourRunner(engines, await freePort())
    const reference = await referenceRunner(engines, await freePort())
    try {
      const figures = { ours: [] as Round[], reference: [] as Round[] }
      for (let round = -2; round < rounds; round++) {
        const pair = [
          ['ours', ours],
          ['reference', reference],
        ] as const
        for (const [side, runner] of round % 2 === 0 ? pair : pair.toReversed()) {
          const measured = await measure(runner, runs)
          if (round >= 0) figures[side].push(measured) // two rounds warm both up
        }
      }
      await ours.check()
      const speed = (side: readonly Round[]): number => median(side.map((round) => round.perSecond))
      return {
        ours: speed(figures.ours),
        reference: speed(figures.reference),
        rows: [rowOf('Millrace, whole path', figures.ours), rowOf('bare Restate SDK', figures.reference)],
      }
    } finally {
      await ours.dispose()
      await reference.dispose()
      await engines.stop()
    }
  },
}

interface Round {
  readonly perSecond: number
  /** Milliseconds from the request to the end. */
  readonly p50: number
  readonly p99: number
  /** CPU milliseconds of this process for a run. */
  readonly cpu: number
}

let next = 0

async function measure(runner: Runner, runs: number): Promise<Round> {
  const took: number[] = []
  const cpu = process.cpuUsage()
  const since = performance.now()
  let left = runs
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const began = performance.now()
      await runner.run(next++)
      took.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const ms = performance.now() - since
  const { user, system } = process.cpuUsage(cpu)
  const sorted = took.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { perSecond: (runs / ms) * 1000, p50: at(0.5), p99: at(0.99), cpu: (user + system) / 1000 / runs }
}

function rowOf(side: string, rounds: readonly Round[]): Record<string, string | number> {
  const of = (pick: (round: Round) => number, digits: number): number =>
    Number(median(rounds.map(pick)).toFixed(digits))
  return {
    side,
    'runs/s': of((r) => r.perSecond, 0),
    'p50 ms': of((r) => r.p50, 1),
    'p99 ms': of((r) => r.p99, 1),
    'CPU ms a run': of((r) => r.cpu, 2),
    rounds: rounds.length,
  }
}
