import { parentPort } from 'node:worker_threads'
import type { FromWorker, ToWorker } from './parser-thread.ts'
import { parseMail } from './parse-mail.ts'

const say = (message: FromWorker): void => parentPort?.postMessage(message)

// Runs in a worker thread: one mail at a time, by number.
parentPort?.on('message', ({ n, bytes }: ToWorker) => {
  parseMail(bytes).then(
    (mail) => say({ n, mail }),
    () => say({ n, mail: { unreadable: 'its structure is broken' } }),
  )
})
say({ ready: true })
