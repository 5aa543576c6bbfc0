import { isDeepStrictEqual } from 'node:util'
import type { Clock, Millis } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { Admission, type AdmissionHealth, type AdmissionLimits, type Priority, type Slot } from './admission.ts'
import { Breaker, type BreakerHealth, type BreakerLimits, type Permit, verdictOn } from './breaker.ts'
import type { Failure } from './failure.ts'
import { type HedgeLimits, Hedging } from './hedging.ts'
import type { Environment } from './key-source.ts'
import { type KeyHealth, Keyring, type Pick, type PickedKey } from './keyring.ts'
import type { Secret } from './secret.ts'

/** A target as its route and its model's version describe it. */
export interface TargetFacts {
  /** The version's digest. */
  readonly digest: string
  /** As messages name it: `small@0f1e2d3c4b5a`. */
  readonly name: string
  /** `env:NAME`, `file:PATH`; none for a server that wants no key. */
  readonly keys: readonly string[]
  readonly admission?: AdmissionLimits
  readonly breaker?: BreakerLimits
  readonly hedging?: HedgeLimits
}

/** Why a target is passed over when a route is planned. */
export type Illness = 'breaker-open' | 'cooling-down'

export interface TargetHealth {
  readonly breaker: BreakerHealth
  readonly keys: KeyHealth
  readonly admission: AdmissionHealth
  /** The latency at which a first attempt counts as slow; undefined: too little is known. */
  readonly slowAfter: Millis | undefined
}

/** One attempt may be made: it has its place, its target's leave and a key. Whoever has it ends it, once, sent or not. */
export interface Passage {
  readonly kind: 'passage'
  /** Undefined where the target wants none. */
  readonly key: Secret | undefined
  /** Headers or content came: a probe has told what it was to tell, though its stream may go on for minutes. */
  answered(): void
  /** How it ended: a failure, `well`, or `unsent` where it came to nothing before it was dispatched (no reservation). */
  end(how: Failure | 'well' | 'unsent'): void
}

/** No attempt is made, and none was: nothing was reserved or sent. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly retryAfter: Millis
  readonly error: MillraceError
}

/**
 * Owns: all that is known of ONE target in this process: its breaker, its keys, its queue, its latencies.
 * Does not own: money. The order for an attempt is: `pass`, then reserve, then send, then settle, then `end`.
 */
export class Target {
  readonly digest: string
  readonly name: string
  readonly hedging: Hedging
  readonly keyring: Keyring
  readonly #breaker: Breaker
  readonly #admission: Admission

  constructor(facts: TargetFacts, clock: Clock, environment?: () => Environment) {
    this.digest = facts.digest
    this.name = facts.name
    this.hedging = new Hedging(clock, facts.hedging)
    this.keyring = new Keyring({ sources: facts.keys, clock, ...(environment && { environment }) })
    this.#breaker = new Breaker(clock, facts.breaker)
    this.#admission = new Admission(clock, facts.admission)
  }

  /**
   * A passage for one attempt, after a wait for a place where that is allowed: a hedge takes a free one or none.
   * Refusals: `model/target-full`, `model/target-resting`, `model/no-key`, `model/keys-resting`, `model/upstream-aborted`.
   */
  async pass(o: {
    readonly priority: Priority
    readonly signal?: AbortSignal | undefined
    readonly isHedge?: boolean
  }): Promise<Passage | Refusal> {
    // Before the wait too: who cannot be sent does not queue.
    const { isPermitted, restsFor } = this.#breaker.health()
    if (!isPermitted) return this.#resting(restsFor)
    if (this.keyring.usable === 0) {
      const refusal = this.#keyRefusal(await this.keyring.pick())
      if (refusal) return refusal
    }
    const slot = o.isHedge ? this.#admission.enterNow() : await this.#admission.enter(o.priority, o.signal)
    if (!slot) return this.#refusal('model/target-full', 1000)
    if (slot.kind === 'shed') {
      if (slot.why !== 'left') return this.#refusal('model/target-full', slot.retryAfter)
      const error = new MillraceError('model/upstream-aborted', { target: this.name })
      return { kind: 'refusal', retryAfter: slot.retryAfter, error }
    }
    const key = await this.keyring.pick()
    const refusal = this.#keyRefusal(key)
    if (refusal) {
      slot.leave()
      return refusal
    }
    const permit = this.#breaker.permit()
    if ('restsFor' in permit) {
      slot.leave()
      return this.#resting(permit.restsFor)
    }
    return passage(slot, permit, key.kind === 'key' ? key : undefined)
  }

  health(): TargetHealth {
    return {
      breaker: this.#breaker.health(),
      keys: this.keyring.health(),
      admission: this.#admission.health(),
      slowAfter: this.hedging.slowAfter,
    }
  }

  get illness(): Illness | undefined {
    if (!this.#breaker.health().isPermitted) return 'breaker-open'
    const { keys, usable } = this.keyring.health()
    if (keys === 0 || usable > 0) return undefined
    void this.keyring.freshen() // a target that is passed over picks no key, and would not see that it has a new one
    return 'cooling-down'
  }

  #keyRefusal(pick: Pick): Refusal | undefined {
    if (pick.kind === 'resting') return this.#refusal('model/keys-resting', pick.restsFor)
    if (pick.kind !== 'missing') return undefined
    const error = new MillraceError('model/no-key', { target: this.name, sources: pick.sources })
    return { kind: 'refusal', retryAfter: 0, error }
  }

  #resting(restsFor: Millis): Refusal {
    return this.#refusal('model/target-resting', restsFor)
  }

  #refusal(code: 'model/target-full' | 'model/target-resting' | 'model/keys-resting', retryAfter: Millis): Refusal {
    const seconds = Math.max(1, Math.ceil(retryAfter / 1000))
    return { kind: 'refusal', retryAfter, error: new MillraceError(code, { target: this.name, seconds }) }
  }
}

function passage(slot: Slot, permit: Permit, key: PickedKey | undefined): Passage {
  return {
    kind: 'passage',
    key: key?.secret,
    answered: () => {
      if (permit.isProbe) permit.report('well')
    },
    end: (how) => {
      const failure = typeof how === 'string' ? undefined : how
      permit.report(how === 'unsent' ? 'unknown' : verdictOn(failure))
      if (how !== 'unsent') key?.report(failure)
      slot.leave()
    },
  }
}

/** Owns: the targets of this process, each by its version's digest. They share nothing. */
export class Targets {
  readonly #clock: Clock
  readonly #environment: (() => Environment) | undefined
  readonly #targets = new Map<string, { readonly target: Target; facts: TargetFacts }>()

  constructor(clock: Clock, environment?: () => Environment) {
    this.#clock = clock
    this.#environment = environment
  }

  /** The target with these facts. Where they changed (other keys, other limits), it starts anew; calls under way keep what they have. */
  of(facts: TargetFacts): Target {
    const known = this.#targets.get(facts.digest)
    if (known && (known.facts === facts || isDeepStrictEqual(known.facts, facts))) {
      known.facts = facts // the next comparison is of references
      return known.target
    }
    const target = new Target(facts, this.#clock, this.#environment)
    this.#targets.set(facts.digest, { target, facts })
    return target
  }

  /** Who is passed over when a route is planned; who is not here is well. */
  illnesses(): Readonly<Record<string, Illness>> {
    return Object.fromEntries(
      [...this.#targets].flatMap(([digest, { target }]) => (target.illness ? [[digest, target.illness]] : [])),
    )
  }

  health(): Readonly<Record<string, TargetHealth>> {
    return Object.fromEntries([...this.#targets].map(([digest, { target }]) => [digest, target.health()]))
  }

  /** Forgets targets that no route names any more. */
  keepOnly(digests: ReadonlySet<string>): void {
    for (const digest of this.#targets.keys()) if (!digests.has(digest)) this.#targets.delete(digest)
  }
}
