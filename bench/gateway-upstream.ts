import { createServer, type Socket } from 'node:net'
import type { UpstreamAnswers, UpstreamAsk, UpstreamSaid } from './gateway-messages.ts'

// Runs in a process of its own: a model server that answers at once with bytes made beforehand, so that what is measured is who stands before
// it. No HTTP library: its work would take processor time from both sides, and from the quicker one the larger share.

const text = 'The parcel left our house on Monday and is with the carrier. '.repeat(8)
const model = 'small'
const whole = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model,
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 20, completion_tokens: 100, total_tokens: 120 },
})
const event = (more: object): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, ...more })}\n\n`
const delta = (content: string): string => event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
const events = [
  event({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
  ...Array.from({ length: 16 }, () => delta('The parcel left on Monday. ')),
  event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  event({ choices: [], usage: { prompt_tokens: 20, completion_tokens: 100, total_tokens: 120 } }),
  'data: [DONE]\n\n',
]
const chunk = (data: string): string => `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`
const streamHead =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n'
const answers = {
  whole: Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(whole)}\r\n\r\n${whole}`,
  ),
  stream: Buffer.from(`${streamHead}${events.map(chunk).join('')}0\r\n\r\n`),
}

/** Calls by the first part of their address. */
const calls = new Map<string, number>()
/** The model that stands in a request: answers slow down by it. */
const delays = new Map<string, number>()
/** Milliseconds between the events of a stream; 0: all at once. */
let pace = 0
let eventsEach = 0

function answer(socket: Socket, head: string, body: Buffer): void {
  const to = head.slice(head.indexOf('/') + 1).split('/', 1)[0] ?? ''
  calls.set(to, (calls.get(to) ?? 0) + 1)
  const isStream = body.includes('"stream":true')
  const said = /"model":\s*"([^"]*)"/.exec(body.toString('latin1', 0, 4096))?.[1] ?? ''
  const delay = delays.get(said) ?? 0
  if (delay > 0) setTimeout(() => socket.write(isStream ? answers.stream : answers.whole), delay)
  else if (isStream && pace > 0) drip(socket)
  else socket.write(isStream ? answers.stream : answers.whole)
}

/** Each event tells when it was sent, by the clock that all processes of a machine share. */
function drip(socket: Socket): void {
  let left = eventsEach
  const next = (): void => {
    if (socket.destroyed) return
    if (left === 0) return void socket.write(`${events.slice(-3).map(chunk).join('')}0\r\n\r\n`)
    left--
    socket.write(chunk(delta(`sent ${performance.timeOrigin + performance.now()} `)))
    setTimeout(next, pace)
  }
  socket.write(streamHead)
  setTimeout(next, Math.random() * pace)
}

const server = createServer({ noDelay: true }, (socket) => {
  let held: Buffer[] = []
  let size = 0
  let wanted = 0
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => {
    held.push(bytes)
    size += bytes.length
    if (size < wanted) return
    let all = held.length === 1 ? bytes : Buffer.concat(held)
    for (;;) {
      const end = all.indexOf('\r\n\r\n')
      if (end < 0) break
      const head = all.toString('latin1', 0, end)
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN)
      if (Number.isNaN(length)) {
        // Sent in chunks of unknown length: it is whole when the last one has come.
        if (!all.subarray(-5).equals(Buffer.from('0\r\n\r\n'))) break
        answer(socket, head, all.subarray(end))
        all = Buffer.alloc(0)
        break
      }
      wanted = end + 4 + length
      if (all.length < wanted) break
      answer(socket, head, all.subarray(end + 4, wanted))
      all = all.subarray(wanted)
      wanted = 0
    }
    held = all.length > 0 ? [all] : []
    size = all.length
  })
})

const say = (said: UpstreamSaid): void => void process.send?.(said)
const asks: { readonly [K in UpstreamAsk['ask']]: (ask: Extract<UpstreamAsk, { ask: K }>) => UpstreamAnswers[K] } = {
  calls: ({ of }) => calls.get(of) ?? 0,
  slow({ model: which, ms }) {
    delays.set(which, ms)
    return null
  },
  pace(asked) {
    pace = asked.ms
    eventsEach = asked.events
    return null
  },
}
process.on('message', (ask: UpstreamAsk) => {
  const perform = asks[ask.ask] as (given: UpstreamAsk) => UpstreamAnswers[UpstreamAsk['ask']] // the one of its name
  say({ answer: perform(ask) })
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  say({ url: `http://127.0.0.1:${address.port}` })
})
