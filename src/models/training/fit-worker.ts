import { parentPort, workerData } from 'node:worker_threads'
import { seededRandom } from '../../core/random.ts'
import { loadOnnx } from '../inference/runtime.ts'
import { fitHead, type FitOrder } from './fit-head.ts'

// Runs in a worker thread: fits one head and ends.

const { order, seed } = workerData as { readonly order: FitOrder; readonly seed: string } // what `fitInWorker` gives
let told = 0
const fitted = await fitHead(await loadOnnx(), order, seededRandom(seed), (share) => {
  if (share - told < 0.05) return
  told = share
  parentPort?.postMessage({ share })
})
parentPort?.postMessage({ fitted })
