import { once } from 'node:events'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { openLocal } from '../src/models/directory/local-directory.ts'
import { LocalModels } from '../src/models/local/local-models.ts'
import { type ModelVersion, versionOf } from '../src/models/routes/model-version.ts'
import { type Bench, median } from './bench.ts'
import { benchTexts } from './classify-texts.ts'
import { percentile } from './percentile.ts'

const callers = 64
const root = resolve(import.meta.dirname, '..')
const directory = './models/mini-en'
const batchSizes = [1, 4, 8, 16, 32, 64]
/** Of the open loop: what is late by it is too late for a person who waits. */
const wantedP95 = 10

/**
 * Vectors a second for 64 callers who ask one text at a time, against bare ONNX Runtime in a worker with the same model, threads and texts, at its
 * best batch; then, at half of our rate, how long a call takes when calls come at random. Rounds alternate, and medians count.
 */
export const inference: Bench = {
  name: 'inference',
  unit: 'texts/s',
  async run({ quick }) {
    const [rounds, count] = quick ? [7, 800] : [15, 3000]
    const texts = benchTexts(count)
    const { digest } = await openLocal(resolve(root, directory))
    const model = versionOf('mini-en', { provider: 'onnx', directory }, digest)
    const models = new LocalModels({ root })
    const workerData = resolve(root, directory)
    const worker = new Worker(new URL('./classify-reference.ts', import.meta.url), { workerData })
    try {
      await once(worker, 'message')
      const reference = async (size: number): Promise<number> => {
        const since = performance.now()
        worker.postMessage({ texts, size })
        await once(worker, 'message')
        return (count / (performance.now() - since)) * 1000
      }
      const bySize: [number, number][] = []
      for (const size of batchSizes) bySize.push([size, median([await reference(size), await reference(size)])])
      const [bestSize] = bySize.toSorted((a, b) => b[1] - a[1])[0] ?? [16]
      const figures = { ours: [] as number[], reference: [] as number[] }
      await closedLoop(models, model, texts) // warms up
      for (let round = 0; round < rounds; round++) {
        const sides = [
          async () => figures.ours.push(await closedLoop(models, model, texts)),
          async () => figures.reference.push(await reference(bestSize)),
        ]
        for (const side of round % 2 === 0 ? sides : sides.toReversed()) await side()
      }
      const [ours, bare] = [median(figures.ours), median(figures.reference)]
      const waits = await openLoop(models, model, { texts, rate: ours / 2 })
      const p95 = percentile(waits, 0.95)
      return {
        ours,
        reference: bare,
        rows: [
          { side: `Millrace, ${callers} callers`, 'texts/s': Math.round(ours), rounds },
          { side: `bare ONNX Runtime, batches of ${bestSize}`, 'texts/s': Math.round(bare), rounds },
          ...bySize.map(([size, speed]) => ({ side: `  batches of ${size}`, 'texts/s': Math.round(speed), rounds: 2 })),
          {
            side: `calls at random, P95 (at most ${wantedP95} ms wanted)`,
            'texts/s': Math.round(ours / 2),
            P50: `${percentile(waits, 0.5).toFixed(1)} ms`,
            P95: `${p95.toFixed(1)} ms`,
          },
        ],
      }
    } finally {
      await worker.terminate()
      await models.close()
    }
  },
}

async function closedLoop(models: LocalModels, model: ModelVersion, texts: readonly string[]): Promise<number> {
  const since = performance.now()
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < texts.length) await models.embed(model, [texts[next++] ?? ''])
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (texts.length / (performance.now() - since)) * 1000
}

/**
 * Calls that do not wait for each other, at exponential distances. Each is timed from when it was due, not from when it was sent: a sender that is
 * held up would otherwise hide the very delay that is looked for.
 */
async function openLoop(
  models: LocalModels,
  model: ModelVersion,
  { rate, texts }: { readonly rate: number; readonly texts: readonly string[] },
): Promise<number[]> {
  const waits: number[] = []
  const calls: Promise<void>[] = []
  let due = performance.now()
  for (const [i, text] of texts.entries()) {
    due += (-Math.log(1 - drawn(i)) / rate) * 1000
    while (performance.now() < due) await new Promise((turn) => setImmediate(turn))
    const at = due
    calls.push(models.embed(model, [text]).then(() => void waits.push(performance.now() - at)))
  }
  await Promise.all(calls)
  return waits
}

/** 0 to below 1, the same in every run (the fractional parts of multiples of an irrational, scattered). */
const drawn = (i: number): number => {
  const value = Math.sin((i + 1) * 12.9898) * 43_758.5453
  return value - Math.floor(value)
}
