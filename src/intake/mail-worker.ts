import { parentPort } from 'node:worker_threads'
import { parseMail } from './parse-mail.ts'

// Runs in a worker thread: one mail at a time, by number.
parentPort?.on('message', ({ n, bytes }: { n: number; bytes: Uint8Array }) => {
  parseMail(bytes).then(
    (mail) => parentPort?.postMessage({ n, mail }),
    () => parentPort?.postMessage({ n, mail: { unreadable: 'its structure is broken' } }),
  )
})
