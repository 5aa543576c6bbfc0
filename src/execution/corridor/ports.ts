import type { Millis } from '../../core/clock.ts'
import type { MillraceError } from '../../core/errors/millrace-error.ts'
import type { KeyId, PersonId, RunId, SubjectId, TenantId, WorkItemId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import type { StepKind } from '../../core/lineage.ts'
import type { DataClass } from '../../sdk/models.ts'
import type { Factor } from '../engine/ports.ts'

/** What the corridor needs of the other planes, in its own words. The composition root hands the implementations in. */

/** A thing of which the version is known: `digest` is SHA-256 hex of its content. */
export interface Versioned {
  readonly name: string
  readonly digest: string
}

// ---------------------------------------------------------------- governance

export interface PolicyQuestion {
  readonly tenant: TenantId
  readonly principal: PersonId | undefined
  readonly pipeline: string
  readonly run: RunId
  readonly kind: StepKind
  readonly resource: Versioned
}
/** Denied by default; an error while deciding is a denial. */
export interface Policy {
  decide(
    question: PolicyQuestion,
  ): Promise<{ readonly allowed: boolean; readonly policy: Versioned; readonly reason: string }>
}

// ---------------------------------------------------------------- the model plane

export interface ClassifyAnswer {
  /** The most likely label, below the threshold too. */
  readonly label: string
  readonly confidence: number
  /** At or above the threshold of the model's card. */
  readonly accepted: boolean
  readonly threshold: number
  readonly top: readonly { readonly label: string; readonly confidence: number }[]
  /** The characters of the text that decided. */
  readonly part: { readonly start: number; readonly end: number }
  readonly model: Versioned
}
export interface Classifiers {
  classify(q: {
    readonly route: string
    readonly labels: readonly string[]
    readonly text: string
    readonly signal: AbortSignal
  }): Promise<ClassifyAnswer>
}
/** For whom a model is asked, and what it may be shown. */
export interface ModelUse {
  readonly tenant: TenantId
  readonly pipeline: string
  readonly run: RunId
  /** The step's key without its ordinal. */
  readonly step: string
  /** The resource's name. */
  readonly task: string
  readonly entity: { readonly type: string; readonly id: string } | undefined
  /** The person whose data the run holds, with the key that seals it. */
  readonly subject: { readonly id: SubjectId; readonly key: KeyId } | undefined
  /** What the data may be, by the labels of its schema; the most delicate where they do not say. */
  readonly dataClass: DataClass
}
/** What a model answered, or why it did not; with what is left of the asking in either case. */
export type ModelAnswer<T> = {
  /** Who answered. */
  readonly model?: Versioned
  /** Nano-units, of all that was tried; absent: not known. */
  readonly cost?: number
  /** How it was asked and answered: rendered prompt, parameters, route, attempts. Kept encrypted with the step's result. */
  readonly record?: Json
} & (
  | { readonly value: T }
  /** `isFinal`: the same question would fail again. `retryAfter`: not before so many milliseconds. */
  | { readonly failure: MillraceError; readonly isFinal: boolean; readonly retryAfter?: Millis }
)
export interface Generators {
  /** `value` is what the model (or the template behind the route) answered; the step checks it against the prompt's schema. */
  generate(q: {
    readonly route: string
    readonly prompt: Versioned & {
      readonly template: string
      readonly withoutModel: string | undefined
      /** JSON Schemas, with their labels. */
      readonly input: Json
      readonly output: Json
    }
    readonly input: Json
    readonly use: ModelUse
    readonly signal: AbortSignal
  }): Promise<ModelAnswer<Json>>
}
export interface Embedders {
  /** One vector for each text, in their order. */
  embed(q: {
    readonly route: string
    readonly name: string
    readonly texts: readonly string[]
    readonly use: ModelUse
    readonly signal: AbortSignal
  }): Promise<ModelAnswer<readonly (readonly number[])[]>>
}

// ---------------------------------------------------------------- knowledge

export interface Hit {
  readonly document: { readonly id: string; readonly version: string; readonly source: string; readonly body: Json }
  /** Fused score: higher is nearer. */
  readonly score: number
  /** The chunk that matched, by its digest. */
  readonly chunk: Versioned
}
export interface Knowledge {
  search(q: {
    readonly tenant: TenantId
    readonly collection: string
    readonly text: string
    readonly topK: number
    readonly signal: AbortSignal
  }): Promise<{ readonly hits: readonly Hit[]; readonly encoder: Versioned }>
}

// ---------------------------------------------------------------- review

export interface AskPerson {
  readonly tenant: TenantId
  readonly run: RunId
  /** The step's key in the run: one item for each, whoever opens it again (E20). */
  readonly stepKey: string
  readonly kind: 'approve' | 'answer'
  readonly queue: string
  readonly priority: number
  readonly dueIn: Millis | undefined
  readonly expiresIn: Millis | undefined
  readonly form: Versioned & { readonly reasons: readonly string[]; readonly valueSchema: Json }
  /** What the person is shown. */
  readonly shows: Json
  readonly firstLine: string
  /** Of `approve`: the arguments that would run. */
  readonly proposed: Json | undefined
  /** Of `approve`: SHA-256 of `[action digest, arguments]`: the authority (W5). */
  readonly actionDigest: string | undefined
  readonly action: Versioned | undefined
  /** Why a person is asked, as reason codes: `rule`, `low-confidence`, `always`, `outcome-unknown`. */
  readonly why: readonly string[]
  readonly subjectKey: KeyId | undefined
}
export interface PersonsAnswer {
  readonly item: WorkItemId
  readonly verdict: 'approve' | 'reject' | 'answer'
  readonly person: PersonId
  /** The value that was approved or answered; of an edited approval, the edited arguments. */
  readonly value: Json | undefined
  /** SHA-256 of `[action digest, value]`, as the person saw it (W5). */
  readonly actionDigest: string | undefined
  readonly edited: boolean
  readonly reason: string | undefined
}
export interface People {
  /** Idempotent for (run, stepKey). */
  ask(question: AskPerson): Promise<WorkItemId>
  /** The decision, once there is one, from Postgres (E4, W6). */
  answer(q: {
    readonly tenant: TenantId
    readonly run: RunId
    readonly stepKey: string
  }): Promise<PersonsAnswer | undefined>
  /** Closes the item under its row lock, or returns the decision that won (E20). */
  close(
    q: { readonly tenant: TenantId; readonly run: RunId; readonly stepKey: string },
    why: 'timeout' | 'cancelled' | 'dropped',
  ): Promise<PersonsAnswer | undefined>
}

// ---------------------------------------------------------------- holds

/** A run that was accepted with hold: neither it nor what it calls changes anything outside until a person releases it. */
export interface Hold {
  /** What was accepted: the run itself, or the one that it was called by. */
  readonly run: RunId
  /** Undefined: it stands. */
  readonly releasedBy: PersonId | undefined
}
export interface Holds {
  /** From Postgres (E4); one that stands comes before one that was released. Undefined: nothing was ever held. */
  find(q: { readonly tenant: TenantId; readonly run: RunId }): Promise<Hold | undefined>
}

// ---------------------------------------------------------------- systems of record

/** Hands an action the connector it names; unknown: `step/no-connector`. */
export interface Connectors {
  get(name: string): unknown
}

/** Stands between an action and its effect: production calls it, a test scripts it. */
export interface Systems {
  run(
    action: { readonly name: string; readonly ifUnknown: unknown },
    call: { readonly input: unknown; readonly token: string; readonly fail: (failure: string) => never },
    effect: () => Promise<unknown>,
  ): Promise<unknown>
}

// ---------------------------------------------------------------- measuring

/** What every step tells telemetry: no text, only enumerations, names of resources and numbers. */
export interface Measure {
  step(m: {
    readonly kind: StepKind
    readonly resource: string
    readonly pipeline: string
    readonly outcome: string
    readonly ms: Millis
    /** Of a failure. */
    readonly code?: string
    readonly run: RunId
  }): void
}

export interface CorridorPorts {
  readonly policy: Policy
  readonly classifiers: Classifiers
  readonly generators: Generators
  readonly embedders: Embedders
  readonly knowledge: Knowledge
  readonly people: People
  readonly holds: Holds
  readonly connectors: Connectors
  readonly systems: Systems
  readonly measure: Measure
}

export type { Factor }
