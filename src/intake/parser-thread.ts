import { Worker } from 'node:worker_threads'
import type { Clock, Millis } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { cutBody } from './mail-bytes.ts'
import type { ParsedMail, Unreadable } from './parse-mail.ts'

/** Processor time, so that a good mail on a busy machine is not taken for a hostile one, which held the loop for 11 s. */
const mostWork: Millis = 3000
const lookEvery: Millis = 250
/** A worker that was found idle this often, a minute long, waits for something that never comes. A machine that slept is found so once. */
const mostIdle = 240

interface Waiting {
  readonly bytes: Uint8Array
  readonly done: (mail: ParsedMail | Unreadable) => void
  readonly fail: (error: unknown) => void
}

/** What the worker says: that it can begin, then one answer for each mail. */
export type FromWorker = { readonly ready: true } | { readonly n: number; readonly mail: ParsedMail | Unreadable }
export type ToWorker = { readonly n: number; readonly bytes: Uint8Array }

/**
 * Owns: a worker that parses mail. One mail at a time, each under a limit of work; a mail that breaks it ends the worker, and the next one gets
 * a new worker. Memory limits alone did not stop such mail. Does not own: which mail it gets.
 *
 * 1. A mail is called unreadable for its own fault only: a worker that cannot start, or a server that stops, is an error of the caller's.
 * 2. Every mail has an answer or an error.
 */
export class ParserThread {
  readonly #clock: Clock
  readonly #mostWork: Millis
  #worker: Worker | undefined
  #isReady = false
  #isClosed = false
  #queue: Waiting[] = []
  #active: Waiting | undefined
  #cancelLook: (() => void) | undefined
  /** The number of the mail that is being parsed: an answer to another comes too late. */
  #n = 0

  constructor(clock: Clock, limits: { readonly work?: Millis } = {}) {
    this.#clock = clock
    this.#mostWork = limits.work ?? mostWork
  }

  /** Errors: `intake/stopping`, and whatever keeps the worker from starting. */
  parse(bytes: Uint8Array): Promise<ParsedMail | Unreadable> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ bytes, done: resolve, fail: reject })
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const worker = this.#take()
    this.#finish((active) => active.fail(new MillraceError('intake/stopping', {})))
    await worker?.terminate()
  }

  #next(): void {
    if (this.#isClosed) {
      for (const { fail } of this.#queue.splice(0)) fail(new MillraceError('intake/stopping', {}))
      return
    }
    if (this.#active) return
    this.#active = this.#queue.shift()
    if (!this.#active) return this.#worker?.unref()
    this.#worker ??= this.#start()
    this.#worker.ref()
    if (this.#isReady) this.#send(this.#worker, this.#active)
  }

  #start(): Worker {
    const worker = new Worker(new URL('./mail-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    worker.on('message', (said: FromWorker) => {
      if (worker !== this.#worker) return
      if ('ready' in said) {
        this.#isReady = true
        if (this.#active) this.#send(worker, this.#active)
      } else if (said.n === this.#n) {
        this.#finish((active) => active.done(said.mail))
      }
    })
    const ended = (error: unknown): void => {
      if (worker === this.#worker) this.#ended(error)
    }
    worker.on('error', ended)
    worker.on('exit', (code) => ended(new Error(`the mail parser ended with code ${code}`)))
    return worker
  }

  #send(worker: Worker, { bytes }: Waiting): void {
    const n = ++this.#n
    const own = new Uint8Array(cutBody(bytes)) // a copy that is given away: a view would take all of its buffer along
    worker.postMessage({ n, bytes: own } satisfies ToWorker, [own.buffer])
    const before = workOf(worker)
    let [done, idle] = [0, 0]
    const look = async (): Promise<void> => {
      const work = (await workOf(worker)) - (await before)
      if (worker !== this.#worker || n !== this.#n || !this.#active) return
      idle = work > done ? 0 : idle + 1
      done = work
      if (work > this.#mostWork || idle > mostIdle) return this.#giveUp()
      this.#cancelLook = this.#clock.after(lookEvery, () => void look())
    }
    this.#cancelLook = this.#clock.after(lookEvery, () => void look())
  }

  #giveUp(): void {
    void this.#take()?.terminate()
    this.#finish((active) => active.done({ unreadable: 'it takes too long to parse: it has too many parts or lines' }))
  }

  /** Before it was ready, no mail is to blame. */
  #ended(error: unknown): void {
    const wasReady = this.#isReady
    this.#take()
    this.#finish((active) =>
      wasReady
        ? active.done({ unreadable: 'its structure is broken, or it takes too much memory' })
        : active.fail(error),
    )
  }

  #take(): Worker | undefined {
    const worker = this.#worker
    this.#worker = undefined
    this.#isReady = false
    return worker
  }

  #finish(tell: (active: Waiting) => void): void {
    this.#cancelLook?.()
    const active = this.#active
    this.#active = undefined
    if (active) tell(active)
    this.#next()
  }
}

/** Milliseconds of processor time; of an ended worker as much as counts for nothing. */
const workOf = (worker: Worker): Promise<Millis> =>
  worker.cpuUsage().then(
    ({ user, system }) => (user + system) / 1000,
    () => 0,
  )
