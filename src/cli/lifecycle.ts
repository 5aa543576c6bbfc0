import { setTimeout as sleep } from 'node:timers/promises'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { readServerJson } from '../server/embedded/home.ts'
import { type Millrace, type MillraceOptions, startMillrace } from '../server/millrace.ts'
import { readOwnerKey } from '../server/owner.ts'
import { Client } from './client.ts'
import { exitCodes } from './command.ts'
import type { Terminal } from './terminal.ts'

/** npm sends the signal of a Ctrl-C a second time, some milliseconds later. */
const echoWithin = 500
const attachWithin = 60_000

/** The owner's client of a server on this machine. Errors: `server/not-running`, `api/no-key`. */
export const ownClient = (home: string): Client => Client.find(home, {})

/**
 * Works with the server that holds the data directory, or with one of our own for as long as the work takes. Where another start is under
 * way, that one is waited for.
 */
export async function withAnyMillrace(
  options: MillraceOptions,
  terminal: Terminal,
  work: (over: AbortSignal | undefined) => Promise<void>,
): Promise<void> {
  const until = performance.now() + attachWithin
  for (;;) {
    if (readServerJson(options.home) && readOwnerKey(options.home)) {
      if (options.send)
        options.say('a server runs already: whether it sends replies was said when it was started', {
          event: 'server-found',
        })
      return work(undefined)
    }
    try {
      return await withMillrace(options, terminal, (_millrace, over) => work(over))
    } catch (error) {
      if (!isMillraceError(error, 'server/already-running') || performance.now() > until) throw error
      await sleep(300)
    }
  }
}

/**
 * Starts a server and works with it until the work ends or a signal comes; then stops it, which drains. A second signal, later than npm's
 * echo of the first, forces. `over` aborts at the first signal. Rejects when an engine cannot be kept alive.
 */
export async function withMillrace(
  options: MillraceOptions,
  terminal: Terminal,
  work: (millrace: Millrace, over: AbortSignal) => Promise<void>,
): Promise<void> {
  const signals = new Signals(terminal)
  const millrace = await startMillrace(options)
  signals.force = () => millrace.force()
  try {
    if (!signals.over.aborted) await Promise.race([work(millrace, signals.over), signals.heard, millrace.broken])
  } finally {
    await millrace.stop()
    signals.end()
    terminal.say('', { event: 'server-stopped' })
  }
}

/** Resolves never: whoever waits for it ends by a signal. */
export const forever = (): Promise<never> => new Promise(() => {})

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

class Signals {
  /** Ends the engines at once: known as soon as there are any. */
  force: () => void = () => {}
  readonly heard: Promise<void>
  readonly #terminal: Terminal
  readonly #controller = new AbortController()
  readonly #hear = (): void => this.#signal()
  #first: number | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.heard = new Promise((resolve) => this.over.addEventListener('abort', () => resolve(), { once: true }))
    for (const name of names) process.on(name, this.#hear)
  }

  get over(): AbortSignal {
    return this.#controller.signal
  }

  end(): void {
    for (const name of names) process.off(name, this.#hear)
  }

  #signal(): void {
    const now = performance.now()
    if (this.#first === undefined) {
      this.#first = now
      this.#terminal.say('stopping', { event: 'server-stopping' })
      this.#controller.abort()
    } else if (now - this.#first > echoWithin) {
      this.force()
      process.exit(exitCodes.interrupted)
    }
  }
}
