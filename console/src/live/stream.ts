import { type Connection, type LiveEvent, readEvent } from './events.ts'

/** What tabs of one browser tell each other. */
type Message = { readonly state: Connection } | { readonly event: LiveEvent } | 'hello'

/** Between two tries to get a stream that the server refused or that it does not have. */
const refusedWait = 15_000
const brokenWait = 1000

export interface Told {
  onState(state: Connection): void
  onEvent(event: LiveEvent): void
  /** Something may have been missed. */
  onGap(): void
}

/**
 * Owns: the one event stream of this browser. HTTP/1.1 allows six connections to a server, so the tabs choose a leader by a Web Lock; it holds the
 * stream and tells the others over a BroadcastChannel. When the leader's tab is closed its lock goes to another, which opens the stream anew.
 *
 * 1. Whatever was missed between two streams is unknown: `onGap` says that everything shown is old.
 * 2. Without a stream (`polling`) pages ask again by themselves.
 */
export class LiveStream {
  readonly #channel = new BroadcastChannel('millrace-live')
  readonly #stop = new AbortController()
  readonly #told: Told
  #state: Connection = 'connecting'
  #source: EventSource | undefined
  #isLeader = false
  #wasLive = false

  constructor(told: Told) {
    this.#told = told
    this.#channel.addEventListener('message', (message: MessageEvent<Message>) => this.#heard(message.data))
    this.#channel.postMessage('hello')
    const lead = async (): Promise<void> => {
      this.#isLeader = true
      await this.#lead()
    }
    navigator.locks.request('millrace-live', { signal: this.#stop.signal }, lead).catch(() => {}) // closed before it led
  }

  close(): void {
    this.#stop.abort()
    this.#source?.close()
    this.#channel.close()
  }

  #heard(message: Message): void {
    if (message === 'hello') {
      if (this.#isLeader) this.#channel.postMessage({ state: this.#state } satisfies Message)
    } else if ('state' in message) this.#turn(message.state)
    else this.#told.onEvent(message.event)
  }

  /** Holds the lock for as long as the tab lives. */
  async #lead(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const wasOpen = await this.#follow()
      await this.#pause(wasOpen ? brokenWait : refusedWait)
    }
  }

  /** One stream, to its end; answers whether it had ever opened. */
  #follow(): Promise<boolean> {
    const source = new EventSource('/api/v1/stream', { withCredentials: true })
    this.#source = source
    let wasOpen = false
    return new Promise((resolve) => {
      const tell = (message: MessageEvent<string>): void => {
        const event = readEvent(message.data)
        if (!event) return
        this.#told.onEvent(event)
        this.#channel.postMessage({ event } satisfies Message)
      }
      source.addEventListener('open', () => {
        wasOpen = true
        this.#say('live')
      })
      source.addEventListener('message', tell)
      for (const type of ['run', 'review', 'metric', 'session']) source.addEventListener(type, tell)
      source.addEventListener('error', () => {
        source.close() // this class says when it is tried again: browsers differ
        this.#say(wasOpen || this.#wasLive ? 'lost' : 'polling')
        resolve(wasOpen)
      })
      this.#stop.signal.addEventListener('abort', () => resolve(wasOpen), { once: true })
    })
  }

  #say(state: Connection): void {
    this.#turn(state)
    this.#channel.postMessage({ state } satisfies Message)
  }

  #turn(state: Connection): void {
    const isBack = state === 'live' && this.#state !== 'live' && this.#wasLive
    if (state === 'live') this.#wasLive = true
    if (state === this.#state) return
    this.#state = state
    this.#told.onState(state)
    if (isBack) this.#told.onGap()
  }

  #pause(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, millis)
      const at = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#stop.signal.addEventListener('abort', at, { once: true })
      addEventListener('online', at, { once: true, signal: this.#stop.signal })
    })
  }
}
