import type { Clock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Pool } from '../../store/pool.ts'
import type { Client, Limits } from './client.ts'
import { MinuteWindow } from './minute-window.ts'
import { exchangeUse, forgetOldUse, type KeyUse, noUse, type Use } from './shared-use.ts'

/** A call that was let through. */
export interface Ticket {
  /** Corrects what was reserved, now or after the end: what was really read and written. */
  used(tokens: number): void
  /** It runs no more. */
  end(): void
}

interface State {
  readonly client: Client
  readonly requests: MinuteWindow
  readonly tokens: MinuteWindow
  running: number
  /** What other processes said last. */
  others: Use
  /** They have been asked. */
  readonly known: Promise<void>
}

/** Nobody waits for a place at a limit: how soon one may be free again is not known. */
const shortly = 1

/**
 * Owns: the limits of keys, of all processes together: requests and tokens of a minute that slides, and calls at once. Does not own: money.
 *
 * 1. A call is counted when it is let through, its tokens with the most that it can use, until it is told what it used.
 * 2. A call waits for other processes only if its key was not in use here: then they are asked first. Otherwise what they let through is
 *    known as of the last exchange, so that several can pass a limit together by what they let through between two of them.
 * 3. What was refused is not counted.
 */
export class ClientLimits {
  readonly #pool: Pool
  readonly #process: string
  readonly #clock: Clock
  readonly #states = new Map<string, State>()
  #hasForgotten = false

  constructor(options: { readonly pool: Pool; readonly process: string; readonly clock: Clock }) {
    this.#pool = options.pool
    this.#process = options.process
    this.#clock = options.clock
  }

  /** `tokens`: the most that the call can use. Errors: `model/key-over-limit`, `model/call-over-key`. */
  async admit(client: Client, { tokens }: { readonly tokens: number }): Promise<Ticket> {
    const { limits } = client
    if (limits.requests === undefined && limits.tokens === undefined && limits.atOnce === undefined) return unlimited
    if (limits.tokens !== undefined && tokens > limits.tokens)
      throw new MillraceError('model/call-over-key', { tokens, most: limits.tokens })
    const state = this.#stateOf(client)
    await state.known
    const second = this.#second()
    refuseOver(state, limits, { second, tokens })
    state.requests.add(second, 1)
    state.tokens.add(second, tokens)
    state.running++
    return ticketOf(state, { second, tokens })
  }

  /** Tells the other processes, and hears of them: once a second. */
  async exchange(): Promise<void> {
    if (!this.#hasForgotten) await forgetOldUse(this.#pool)
    this.#hasForgotten = true
    const states = [...this.#states.values()]
    if (states.length === 0) return
    await this.#tell(states)
    for (const state of states) if (this.#isIdle(state)) this.#states.delete(nameOf(state.client))
  }

  #stateOf(client: Client): State {
    const name = nameOf(client)
    const known = this.#states.get(name)
    if (known) return known
    const asked = Promise.withResolvers<void>()
    const state: State = {
      client,
      requests: new MinuteWindow(),
      tokens: new MinuteWindow(),
      running: 0,
      others: noUse,
      known: asked.promise,
    }
    this.#states.set(name, state)
    this.#tell([state]).then(asked.resolve, (error: unknown) => {
      this.#states.delete(name) // the next call asks again
      asked.reject(error)
    })
    return state
  }

  async #tell(states: readonly State[]): Promise<void> {
    const second = this.#second()
    const others = await exchangeUse(
      this.#pool,
      this.#process,
      states.map((state) => useOf(state, second)),
    )
    for (const state of states) state.others = others.get(state.client.id) ?? noUse
  }

  #isIdle(state: State): boolean {
    const second = this.#second()
    return state.running === 0 && state.requests.sum(second) === 0
  }

  #second(): number {
    return Math.floor(this.#clock.now() / 1000)
  }
}

const unlimited: Ticket = { used() {}, end() {} }

const nameOf = ({ id, tenant }: Client): string => `${tenant}/${id}`

const useOf = ({ client, requests, running, tokens }: State, second: number): KeyUse => ({
  tenant: client.tenant,
  key: client.id,
  requests: requests.sum(second),
  tokens: Math.max(0, tokens.sum(second)),
  atOnce: running,
})

function refuseOver(
  { others, requests, running, tokens: used }: State,
  limits: Limits,
  { second, tokens }: { readonly second: number; readonly tokens: number },
): void {
  const over = (limit: string, most: number, retryAfter: number): MillraceError =>
    new MillraceError('model/key-over-limit', { limit, most, retryAfter })
  if (limits.atOnce !== undefined && running + others.atOnce >= limits.atOnce)
    throw over('calls at once', limits.atOnce, shortly)
  if (limits.requests !== undefined) {
    const room = limits.requests - others.requests - 1
    if (requests.sum(second) > room)
      throw over('requests a minute', limits.requests, requests.secondsUntil(second, room))
  }
  if (limits.tokens !== undefined) {
    const room = limits.tokens - others.tokens - tokens
    if (used.sum(second) > room) throw over('tokens a minute', limits.tokens, used.secondsUntil(second, room))
  }
}

function ticketOf(state: State, { second, tokens }: { readonly second: number; readonly tokens: number }): Ticket {
  let counted = tokens
  let isOver = false
  return {
    used(real) {
      state.tokens.add(second, real - counted)
      counted = real
    },
    end() {
      if (isOver) return
      isOver = true
      state.running--
    },
  }
}
