import { Worker } from 'node:worker_threads'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import '../inference/no-telemetry.ts'
import type { Fitted, FitOrder } from './fit-head.ts'

type Message = { readonly share: number } | { readonly fitted: Fitted }

/** `fitHead` in a thread of its own, so that the process stays responsive. Errors: `model/worker-died`. */
export function fitInWorker(order: FitOrder, seed: string, progress: (share: number) => void): Promise<Fitted> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./fit-worker.ts', import.meta.url), { workerData: { order, seed } })
    const died = (why: string, cause?: unknown): void =>
      reject(new MillraceError('model/worker-died', { model: 'the training', why }, { cause }))
    worker.on('message', (message: Message) => ('share' in message ? progress(message.share) : resolve(message.fitted)))
    worker.on('error', (error) => died('its thread failed', error))
    worker.on('exit', () => died('its thread stopped'))
  })
}
