import { once } from 'node:events'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../src/core/clock.ts'
import { systemRandom } from '../src/core/random.ts'
import { Classifier } from '../src/models/classifier.ts'
import { Encoder } from '../src/models/encoder.ts'
import { ModelPlane } from '../src/models/model-plane.ts'
import { type Bench, median } from './bench.ts'
import { benchTexts } from './classify-texts.ts'

const callers = 64
const root = resolve(import.meta.dirname, '..')
const encoderPath = './models/mini-en'
const modelPath = './models/support-intent'
const batchSizes = [1, 4, 8, 16, 32, 64]

/**
 * Classified texts a second, one answer for each of 64 callers who ask one text at a time, against bare ONNX Runtime in a worker on the same
 * encoder and texts, which sees all texts at once and takes its best batch. Tokenisation is in both; the head, the queue and the answers are in
 * ours alone. Rounds alternate, and medians count.
 */
export const classify: Bench = {
  name: 'classify',
  unit: 'texts/s',
  async run({ quick }) {
    const [rounds, count] = quick ? [7, 800] : [15, 3000]
    const texts = benchTexts(count)
    const labels = await labelsOfModel()
    const plane = await ModelPlane.open({
      routes: { intent: { classifier: modelPath } },
      root,
      encoders: { 'mini-en': encoderPath },
      clock: systemClock,
      random: systemRandom,
    })
    const worker = new Worker(new URL('./classify-reference.ts', import.meta.url), {
      workerData: resolve(root, encoderPath),
    })
    await once(worker, 'message')
    const reference = async (size: number): Promise<number> => {
      const since = performance.now()
      worker.postMessage({ texts, size })
      await once(worker, 'message')
      return (count / (performance.now() - since)) * 1000
    }
    try {
      const bySize: [number, number][] = []
      for (const size of batchSizes) bySize.push([size, median([await reference(size), await reference(size)])])
      const [bestSize] = bySize.toSorted((a, b) => b[1] - a[1])[0] ?? [16]
      const figures = { ours: [] as number[], reference: [] as number[] }
      for (let round = -1; round < rounds; round++) {
        const ours = (): Promise<number> => askAll(plane, labels, texts)
        const first = round % 2 === 0 ? await ours() : await reference(bestSize)
        const second = round % 2 === 0 ? await reference(bestSize) : await ours()
        const [mine, bare] = round % 2 === 0 ? [first, second] : [second, first]
        if (round < 0) continue // warms both up
        figures.ours.push(mine)
        figures.reference.push(bare)
      }
      const [ours, bare] = [median(figures.ours), median(figures.reference)]
      return {
        ours,
        reference: bare,
        rows: [
          { side: `Millrace, ${callers} callers`, 'texts/s': Math.round(ours), rounds },
          { side: `bare ONNX Runtime, batches of ${bestSize}`, 'texts/s': Math.round(bare), rounds },
          ...bySize.map(([size, speed]) => ({ side: `  batches of ${size}`, 'texts/s': Math.round(speed), rounds: 2 })),
        ],
      }
    } finally {
      await worker.terminate()
      await plane.close()
    }
  },
}

export async function askAll(plane: ModelPlane, labels: readonly string[], texts: readonly string[]): Promise<number> {
  const { signal } = new AbortController()
  const since = performance.now()
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < texts.length) {
      const text = texts[next++] ?? ''
      await plane.classifiers.classify({ route: 'intent', labels, text, signal })
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (texts.length / (performance.now() - since)) * 1000
}

async function labelsOfModel(): Promise<readonly string[]> {
  const encoder = await Encoder.open(resolve(root, encoderPath))
  try {
    return (await Classifier.open(resolve(root, modelPath), () => encoder)).manifest.labels
  } finally {
    await encoder.close()
  }
}
