import { Worker } from 'node:worker_threads'
import type { Clock, Millis } from '../core/clock.ts'
import type { ParsedMail, Unreadable } from './parse-mail.ts'

/** A mail of 300,000 parts held the loop for 11 s: what is not parsed by then is hostile or broken. */
const parseWithin: Millis = 3000

interface Waiting {
  readonly bytes: Uint8Array
  readonly done: (mail: ParsedMail | Unreadable) => void
}

/**
 * Owns: the worker that parses mail. One mail at a time, each under a time limit; a mail that breaks it ends the worker, and the next one gets
 * a new worker. Memory limits alone did not stop such mail.
 */
export class MailParser {
  readonly #clock: Clock
  #worker: Worker | undefined
  #queue: Waiting[] = []
  #active: Waiting | undefined
  #cancelTimer: (() => void) | undefined
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  parse(bytes: Uint8Array): Promise<ParsedMail | Unreadable> {
    return new Promise((resolve) => {
      this.#queue.push({ bytes, done: resolve })
      this.#next()
    })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  #next(): void {
    if (this.#active) return
    this.#active = this.#queue.shift()
    if (!this.#active) return this.#worker?.unref()
    const n = ++this.#count
    this.#worker ??= this.#start()
    this.#worker.ref()
    this.#worker.postMessage({ n, bytes: this.#active.bytes })
    this.#cancelTimer = this.#clock.after(parseWithin, () =>
      this.#restart('it takes too long to parse: it has too many parts or lines'),
    )
  }

  #start(): Worker {
    const worker = new Worker(new URL('./mail-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    worker.on('message', ({ n, mail }: { n: number; mail: ParsedMail | Unreadable }) => {
      if (worker === this.#worker && n === this.#count) this.#settle(mail)
    })
    worker.on('error', () => worker === this.#worker && this.#restart('its structure is broken'))
    return worker
  }

  #restart(why: string): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    this.#settle({ unreadable: why })
  }

  #settle(mail: ParsedMail | Unreadable): void {
    this.#cancelTimer?.()
    const active = this.#active
    this.#active = undefined
    active?.done(mail)
    this.#next()
  }
}
