import { parentPort, workerData } from 'node:worker_threads'
import { HeadSession } from '../head/head-session.ts'
import type { Batch, EncoderData, Order, Reply } from './protocol.ts'
import { Refused, refusalOf } from './refused.ts'
import { loadOnnx } from './runtime.ts'
import { TextEncoderSession } from './text-encoder.ts'

// Runs in a worker thread: one encoder and the heads on it, one order after the other. What the native runtime says stays here: it names files
// and lines of its own source, which helps nobody who reads the message.

const port = parentPort
if (!port) throw new Error('this file runs in a worker thread')

const heads = new Map<string, HeadSession>()
const send = (reply: Reply): void => port.postMessage(reply, 'rows' in reply ? [reply.rows.buffer as ArrayBuffer] : []) // never shared
const noTokens = new Uint32Array(0)

try {
  const onnx = await loadOnnx().catch(() => undefined)
  if (!onnx) throw new Refused({ reason: 'no-runtime', why: 'onnxruntime-node is not installed for this system' })
  const encoder = await TextEncoderSession.open(onnx, workerData as EncoderData) // what the host gives
  const answer = async (order: Order): Promise<Batch> => {
    if (order.kind === 'head') {
      heads.set(order.head, await HeadSession.open(onnx, order.data))
      return { rows: new Float32Array(0), tokens: noTokens }
    }
    const { rows, tokens } = await encoder.embed(order.texts)
    if (order.head === undefined) return { rows: rows.slice(), tokens }
    const head = heads.get(order.head)
    if (!head) throw new Refused({ reason: 'failed', why: 'its head was not loaded' })
    return { rows: (await head.probabilities(rows, order.texts)).slice(), tokens }
  }
  let last: Promise<void> = Promise.resolve()
  port.on('message', (order: Order) => {
    last = last
      .then(() => answer(order))
      .then(
        (batch) => send({ n: order.n, ...batch }),
        (error: unknown) => send({ n: order.n, refused: refusalOf(error, 'failed') }),
      )
  })
  send({ n: 0, rows: (await encoder.trial()).slice(), tokens: noTokens })
} catch (error) {
  send({ n: 0, refused: refusalOf(error, 'bad-encoder') })
  port.close()
}
