import type { Millis } from '../../core/clock.ts'
import type { Json } from '../../core/json.ts'
import type { StepKind } from '../../core/lineage.ts'
import { settlementOf, StepFailure } from '../engine/failures.ts'
import type { Evidence, Factor, IfUnknown, RetryPolicy, RunContext, Settled, Token } from '../engine/ports.ts'
import { hashOfAuthorsKey, stepKey } from '../engine/token.ts'
import type { CorridorPorts, Versioned } from './ports.ts'

/** What a kind of step is: how it executes, and what evidence it leaves. The corridor does the rest; a new kind is one new file. */
export interface StepKindDefinition<Q, R extends Json> {
  readonly kind: StepKind
  readonly timeout: Millis
  readonly retry: RetryPolicy | ((question: Q) => RetryPolicy)
  /** The resource that is used, with its version. */
  resource(question: Q): Factor
  /** What the step's key says, where that is not the resource's name. */
  named?(question: Q): string
  /** Compared on replay (E17). */
  arguments(question: Q): Json
  execute(question: Q, call: StepCall): Promise<Settled<R>>
  /** Of a step that changes something outside. */
  ifUnknown?(question: Q, ports: CorridorPorts): IfUnknown
}

export interface StepCall {
  readonly ports: CorridorPorts
  readonly run: RunContext
  readonly pipeline: string
  /** The step's key without its ordinal. */
  readonly key: string
  readonly signal: AbortSignal
  readonly token: Token
  readonly attempt: number
}

/** Retries of a step that has no effect: six attempts in about ten seconds, then the run fails and says so. */
export const patient: RetryPolicy = { attempts: 6, first: 200, factor: 3, most: 5000 }

interface Verdict {
  readonly allowed: boolean
  readonly reason: string
  readonly policy: Factor
}

/**
 * Owns: the one way of every step (DESIGN section 2): version resolved, policy asked, executed, result and lineage kept as one row, measured.
 * Does not own: the row (engine), what a kind does (steps).
 *
 * 1. Version and policy are decided inside the step's body and recorded with it, so that an edit of either changes nothing that was done (E3).
 * 2. Denied by default; a denial, and any failure of the policy itself, is a terminal row.
 */
export class Corridor {
  readonly run: RunContext
  readonly ports: CorridorPorts
  readonly pipeline: Versioned
  readonly scope: string
  readonly #verdicts: Map<string, Promise<Verdict>>

  constructor(options: {
    run: RunContext
    ports: CorridorPorts
    pipeline: Versioned
    scope?: string
    verdicts?: Map<string, Promise<Verdict>>
  }) {
    this.run = options.run
    this.ports = options.ports
    this.pipeline = options.pipeline
    this.scope = options.scope ?? ''
    this.#verdicts = options.verdicts ?? new Map<string, Promise<Verdict>>()
  }

  /** The same corridor for one item of a loop: its steps' keys begin with what stands for the item's. */
  within(item: string): Corridor {
    const { run, ports, pipeline } = this
    const own = hashOfAuthorsKey(run.run.root, item)
    return new Corridor({
      run,
      ports,
      pipeline,
      scope: this.scope ? `${this.scope}.${own}` : own,
      verdicts: this.#verdicts,
    })
  }

  keyOf(kind: string, resource: string, authorKey: string | undefined): string {
    const own = authorKey === undefined ? undefined : hashOfAuthorsKey(this.run.run.root, authorKey)
    return stepKey({ scope: this.scope, kind, resource, authorKey: own })
  }

  step<Q, R extends Json>(definition: StepKindDefinition<Q, R>, question: Q, authorKey?: string): Promise<R> {
    const { kind, timeout, retry } = definition
    const resource = definition.resource(question)
    const effect = definition.ifUnknown
      ? { ifUnknown: definition.ifUnknown(question, this.ports), action: resource }
      : false
    const key = this.keyOf(kind, definition.named?.(question) ?? resource.name, authorKey)
    const { pipeline, ports, run } = this
    const body = (signal: AbortSignal, { token, attempt }: { token: Token; attempt: number }): Promise<Settled<R>> =>
      this.#body(definition, question, resource, { ports, run, pipeline: pipeline.name, key, signal, token, attempt })
    return this.run.step(key, body, {
      kind,
      arguments: definition.arguments(question),
      effect,
      timeout,
      retry: typeof retry === 'function' ? retry(question) : retry,
    })
  }

  async #body<Q, R extends Json>(
    definition: StepKindDefinition<Q, R>,
    question: Q,
    resource: Factor,
    call: StepCall,
  ): Promise<Settled<R>> {
    const since = performance.now()
    let outcome = 'failed'
    let code: string | undefined
    try {
      const verdict = await this.ask(definition.kind, resource)
      const settled = await definition.execute(question, call)
      outcome = 'done'
      return { value: settled.value, evidence: withFactors(settled.evidence, resource, verdict.policy) }
    } catch (error) {
      if (error instanceof StepFailure && error.isDenial) outcome = 'denied'
      code = settlementOf(error).error.code
      throw error
    } finally {
      this.ports.measure.step({
        kind: definition.kind,
        resource: resource.name,
        pipeline: this.pipeline.name,
        outcome,
        ms: performance.now() - since,
        ...(code !== undefined && { code }),
        run: this.run.run.run,
      })
    }
  }

  /** The policy's answer; a denial throws. One answer serves a segment. */
  async ask(kind: StepKind, resource: Factor): Promise<Verdict> {
    const name = `${kind}:${resource.name}`
    let asked = this.#verdicts.get(name)
    if (!asked) this.#verdicts.set(name, (asked = this.#decide(kind, resource)))
    const verdict = await asked
    if (verdict.allowed) return verdict
    const message = `${this.pipeline.name} may not ${kind} ${resource.name}: ${verdict.reason}. Allow it in the policy, if it should, and start the run again.`
    throw new StepFailure('step/denied', message, {
      terminal: true,
      denial: true,
      evidence: { factors: [resource, verdict.policy] },
    })
  }

  async #decide(kind: StepKind, resource: Factor): Promise<Verdict> {
    const { tenant, principal, run } = this.run.run
    try {
      const { allowed, policy, reason } = await this.ports.policy.decide({
        tenant,
        principal,
        pipeline: this.pipeline.name,
        run,
        kind,
        resource,
      })
      return { allowed, reason, policy: { kind: 'policy', digest: policy.digest, name: policy.name } }
    } catch {
      return {
        allowed: false,
        reason: 'the policy could not be evaluated',
        policy: { kind: 'policy', digest: '0'.repeat(64), name: 'none' },
      }
    }
  }
}

function withFactors(evidence: Evidence | undefined, ...always: Factor[]): Evidence {
  return { ...evidence, factors: [...always, ...(evidence?.factors ?? [])] }
}
