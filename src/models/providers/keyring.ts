import type { Clock, Millis } from '../../core/clock.ts'
import type { Failure } from './failure.ts'
import { type Environment, readKeys } from './key-source.ts'
import type { Secret } from './secret.ts'

/** A key is looked for anew after this, in the background: rotation needs no restart. */
const refreshAfter: Millis = 2000
/** After a 429 that does not say how long. */
const busyRest = { first: 5000, longest: 60_000 }
/** After a 401: a key seldom becomes right again, but an account is paid, a permission given. */
const refusedRest = { first: 60_000, longest: 900_000 }

interface Kept {
  secret: Secret
  restsUntil: Millis
  /** When the rest began: reports on calls from before it say nothing new. */
  restedAt: Millis
  strikes: number
  /** Counts picks, for taking turns. */
  lastPick: number
}

export interface PickedKey {
  readonly kind: 'key'
  readonly secret: Secret
  /** How the call ended, for the key's own cool-down. Undefined: well. */
  report(failure: Failure | undefined): void
}

export type Pick =
  | PickedKey
  /** The target is declared without keys, as local servers are. */
  | { readonly kind: 'keyless' }
  | { readonly kind: 'missing'; readonly sources: string }
  | { readonly kind: 'resting'; readonly restsFor: Millis }

export interface KeyHealth {
  readonly keys: number
  readonly usable: number
  readonly restsFor: Millis
  /** Sources that could not be read, or hold texts that cannot be keys; never what they hold. */
  readonly problems: readonly string[]
}

/**
 * Owns: the keys of one target, which of them rests, and whose turn it is. They come from `env:NAME` and `file:PATH` and are read again while it
 * runs. Does not own: whether a target is called at all (`Breaker`).
 *
 * Invariants:
 * 1. A key's text leaves only through its `Secret`.
 * 2. A key that was refused (401, 402) or is busy (429) rests, alone; another text in its place does not.
 * 3. A burst of refusals of calls that were under way counts as one.
 * 4. A source that cannot be read for a moment, as while its file is replaced, keeps its last keys; one that was emptied has none.
 */
export class Keyring {
  readonly #sources: readonly string[]
  readonly #environment: () => Environment
  readonly #clock: Clock
  /** By their texts. */
  #kept = new Map<string, Kept>()
  #bySource = new Map<string, readonly Secret[]>()
  #problems: readonly string[] = []
  #readAt: Millis | undefined
  #reading: Promise<void> | undefined
  #picks = 0

  constructor(o: {
    readonly sources: readonly string[]
    readonly clock: Clock
    readonly environment?: () => Environment
  }) {
    this.#sources = o.sources
    this.#clock = o.clock
    this.#environment = o.environment ?? (() => process.env)
  }

  /** The usable key whose turn it is. Waits for the sources only when no key is usable. */
  async pick(): Promise<Pick> {
    if (this.#sources.length === 0) return { kind: 'keyless' }
    const read = this.freshen()
    if (this.#usable().length === 0) await read
    if (this.#kept.size === 0) return { kind: 'missing', sources: this.#sources.join(', ') }
    const next = this.#usable().toSorted((a, b) => a.lastPick - b.lastPick)[0]
    if (!next) return { kind: 'resting', restsFor: this.#restsFor() }
    next.lastPick = ++this.#picks
    const pickedAt = this.#clock.now()
    let isReported = false
    return {
      kind: 'key',
      secret: next.secret,
      report: (failure) => {
        if (isReported) return
        isReported = true
        this.#hear(next, pickedAt, failure)
      },
    }
  }

  /** How many keys could be picked now. */
  get usable(): number {
    return this.#usable().length
  }

  health(): KeyHealth {
    const usable = this.#usable().length
    const restsFor = usable > 0 ? 0 : this.#restsFor()
    return { keys: this.#kept.size, usable, restsFor, problems: this.#problems }
  }

  /** Reads the sources if that was not done lately. Never rejects. */
  freshen(): Promise<void> {
    const isFresh = this.#readAt !== undefined && this.#clock.now() - this.#readAt < refreshAfter
    return isFresh ? (this.#reading ?? Promise.resolve()) : this.refresh()
  }

  /** Reads all sources now; calls at the same time share one reading. Never rejects. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  async #read(): Promise<void> {
    this.#readAt = this.#clock.now()
    const environment = this.#environment()
    const read = await Promise.all(this.#sources.map((source) => readKeys(source, environment)))
    const problems: string[] = []
    for (const [n, found] of read.entries()) {
      const source = this.#sources[n] ?? ''
      if (found.keys === undefined) problems.push(`${source} cannot be read (${found.why})`)
      else {
        this.#bySource.set(source, found.keys)
        if (found.unusable > 0) problems.push(`${source} holds ${found.unusable} texts that cannot be keys`)
      }
    }
    this.#problems = problems
    const kept = new Map<string, Kept>()
    for (const secret of this.#sources.flatMap((source) => this.#bySource.get(source) ?? [])) {
      const text = secret.reveal()
      const known = this.#kept.get(text)
      if (known) known.secret = secret
      kept.set(text, known ?? { secret, restsUntil: 0, restedAt: -Infinity, strikes: 0, lastPick: 0 })
    }
    this.#kept = kept
  }

  #hear(key: Kept, pickedAt: Millis, failure: Failure | undefined): void {
    if (pickedAt < key.restedAt) return
    if (!failure) key.strikes = 0
    if (failure?.kind !== 'status') return
    const { status, retryAfter } = failure
    if (status === 429) this.#rest(key, busyRest, retryAfter)
    if (status !== 401 && status !== 402) return
    this.#rest(key, refusedRest, undefined)
    this.#readAt = undefined // another one may stand in its place by now
  }

  #rest(key: Kept, rest: { readonly first: Millis; readonly longest: Millis }, asked: Millis | undefined): void {
    const now = this.#clock.now()
    if (key.restsUntil > now && key.restedAt === now) return // of the same burst, in the same millisecond
    const ms = asked ?? Math.min(rest.first * 2 ** key.strikes, rest.longest)
    key.strikes++
    key.restedAt = now
    key.restsUntil = Math.max(key.restsUntil, now + ms)
  }

  #usable(): Kept[] {
    const now = this.#clock.now()
    return [...this.#kept.values()].filter((key) => key.restsUntil <= now)
  }

  #restsFor(): Millis {
    const soonest = Math.min(...[...this.#kept.values()].map((key) => key.restsUntil))
    return Number.isFinite(soonest) ? Math.max(0, soonest - this.#clock.now()) : 0
  }
}
