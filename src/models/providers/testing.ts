import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { noUsage, type Usage } from '../cost/usage.ts'
import { type Behaviour, type OpenCall, Play, type ScriptedCall } from './scripted-play.ts'

export type { Behaviour, ScriptedCall } from './scripted-play.ts'

/**
 * A SCRIPTED UPSTREAM, for tests and demonstrations: a real HTTP server on a local port that speaks like a model's provider and has no model.
 * Its texts and its usage are made up, and every answer says so (`server: scripted`). It speaks OpenAI's chat completions, responses and embeddings
 * and Anthropic's messages, each as a stream and not, and does on request what providers do wrong. It counts its calls and what it reports to
 * have used: what a provider's own log would say.
 *
 * Behaviours are taken first in, first out (`next`), then `otherwise` for every further call. `until` waits on a condition over its calls and
 * sockets, never on time.
 */
export class ScriptedUpstream {
  readonly calls: ScriptedCall[] = []
  otherwise: Behaviour
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #next: Behaviour[] = []
  readonly #watchers = new Set<() => void>()
  #port = 0
  #connections = 0

  private constructor(otherwise: Behaviour) {
    this.otherwise = otherwise
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void this.#hear(request, response))
    this.#server.on('connection', (socket) => {
      this.#connections++
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        this.#changed()
      })
      this.#changed()
    })
  }

  static async start(otherwise: Behaviour = { does: 'answer' }): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(otherwise)
    await upstream.accept()
    return upstream
  }

  /** Without a slash at its end; the dialects' paths begin with `/v1`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get openSockets(): number {
    return this.#sockets.size
  }

  /** How many connections were ever made. */
  get connections(): number {
    return this.#connections
  }

  /** What its calls used, all together: the provider's bill. */
  get used(): Usage {
    const sum = { ...noUsage }
    for (const { usage } of this.calls)
      if (usage)
        for (const key of ['input', 'cacheRead', 'cacheWrite', 'cacheWriteLong', 'output', 'reasoning'] as const)
          sum[key] += usage[key]
    return sum
  }

  next(...behaviours: readonly Behaviour[]): this {
    this.#next.push(...behaviours)
    return this
  }

  /** Resolves when the condition holds; it is looked at whenever a call or a socket changes. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return
        this.#watchers.delete(look)
        resolve()
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** From here on connections are refused, until `accept`; open ones are cut. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async accept(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port // it listens on TCP
  }

  async close(): Promise<void> {
    await this.refuse()
  }

  #changed(): void {
    for (const look of this.#watchers) look()
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer) // no encoding is set
    } catch {
      return // the client left in the middle of its request
    }
    const behaviour = this.#next.shift() ?? this.otherwise
    const call: OpenCall = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
      behaviour: behaviour.does,
      usage: undefined,
      state: 'open',
      written: 0,
      permits: 0,
      wake: undefined,
      release: () => {
        call.permits++
        call.wake?.()
      },
    }
    response.on('close', () => {
      if (call.state === 'open') call.state = 'left'
      call.wake?.()
      this.#changed()
    })
    this.calls.push(call)
    this.#changed()
    await new Play(call, response, behaviour, () => this.#changed()).play()
  }
}
