import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Duration } from '../core/duration.ts'
import type { Json } from '../core/json.ts'
import { describeSchema, digestOfResource, type JsonSchemaOf, type OutputOf, type Schema } from './schema.ts'

/** What every resource has: declared in code as a value, versioned by the digest of its content. */
export interface Resource<K extends string> {
  readonly type: K
  readonly name: string
  /** SHA-256 hex. */
  readonly digest: string
}

// ---------------------------------------------------------------- events

export interface EventType<T> extends Resource<'event'> {
  readonly schema: Schema<T>
}

/** A kind of canonical event, with the schema of its payload. */
export const event = <S extends Schema>(name: string, schema: S & JsonSchemaOf<S>): EventType<OutputOf<S>> => ({
  type: 'event',
  name,
  schema: schema, // S is a schema of its own output
  digest: digestOfResource('event', { name, schema: describeSchema(schema) }),
})

// ---------------------------------------------------------------- models

export interface Classifier<L extends string> extends Resource<'classifier'> {
  readonly route: string
  readonly labels: readonly [L, ...L[]]
}

/** A question with a fixed set of answers, asked of the model behind `route`. */
export const classifier = <const L extends string>(o: {
  name: string
  route: string
  labels: readonly [L, ...L[]]
}): Classifier<L> => ({
  type: 'classifier',
  ...o,
  digest: digestOfResource('classifier', { ...o }),
})

/** The text of a file beside the module: `file(import.meta, './reply.prompt')`. */
export const file = (meta: ImportMeta, path: string): string =>
  readFileSync(fileURLToPath(new URL(path, meta.url)), 'utf8')

// ---------------------------------------------------------------- rules

/** A test of one field: a value, one of several, or a comparison. */
export type Condition<T> =
  | T
  | { readonly in: readonly T[] }
  | { readonly not: T }
  | (T extends number
      ? { readonly lt?: number; readonly lte?: number; readonly gt?: number; readonly gte?: number }
      : never)

export interface Row<I, O> {
  readonly if: { readonly [K in keyof I]?: Condition<I[K]> }
  readonly give: O
}

export interface Rules<I, O> extends Resource<'rules'> {
  readonly input: Schema<I>
  readonly output: Schema<O>
  /** Typed rows, or a table in GoRules' JDM. */
  readonly table: { readonly rows: readonly Row<I, O>[]; readonly otherwise: O } | { readonly jdm: Json }
}

/** A decision table: the first row that fits gives its answer, else `otherwise`. */
export const rules = <I extends Schema, O extends Schema>(
  o: { name: string; input: I & JsonSchemaOf<I>; output: O & JsonSchemaOf<O> } & (
    | { rows: readonly Row<OutputOf<I>, OutputOf<O>>[]; otherwise: OutputOf<O> }
    | { jdm: string }
  ),
): Rules<OutputOf<I>, OutputOf<O>> => {
  const table = 'jdm' in o ? { jdm: JSON.parse(o.jdm) as Json } : { rows: o.rows, otherwise: o.otherwise }
  const declared = {
    name: o.name,
    input: describeSchema(o.input),
    output: describeSchema(o.output),
    table: table as unknown as Json,
  } // rows are JSON by their schemas
  return {
    type: 'rules',
    name: o.name,
    input: o.input,
    output: o.output,
    table,
    digest: digestOfResource('rules', declared),
  }
}

// ---------------------------------------------------------------- knowledge

export interface Collection<D> extends Resource<'collection'> {
  readonly encoder: string
  readonly document: Schema<D>
  /** The text that is searched. */
  readonly text: (document: D) => string
}

/** A collection of any documents: what lists take, and the platform handles. */
export interface AnyCollection extends Resource<'collection'> {
  readonly encoder: string
  readonly document: Schema
  /** Called with what `document` has checked; a method, so that a collection of any documents fits. */
  text(document: unknown): string
}

/** Documents that steps search in. */
export const collection = <D extends Schema>(o: {
  name: string
  encoder: string
  document: D & JsonSchemaOf<D>
  text: (document: OutputOf<D>) => string
}): Collection<OutputOf<D>> => ({
  type: 'collection',
  name: o.name,
  encoder: o.encoder,
  document: o.document, // a schema of its own output
  text: o.text,
  digest: digestOfResource('collection', { name: o.name, encoder: o.encoder, document: describeSchema(o.document) }, [
    o.text,
  ]),
})

// ---------------------------------------------------------------- people

export interface ReviewForm<S, V> extends Resource<'form'> {
  readonly shows: Schema<S>
  readonly value: Schema<V>
  readonly reasons: readonly string[]
  readonly firstLine: (shows: S) => string
}

/** A form of any types: what the platform handles; values are checked against the form's own schemas. */
export interface AnyForm extends Resource<'form'> {
  readonly shows: Schema
  readonly value: Schema
  readonly reasons: readonly string[]
  readonly firstLine: (shows: never) => string
}

/** What a person is shown, and the shape of what they answer. */
export const reviewForm = <S extends Schema, V extends Schema>(o: {
  name: string
  shows: S & JsonSchemaOf<S>
  value: V & JsonSchemaOf<V>
  reasons: readonly string[]
  firstLine: (shows: OutputOf<S>) => string
}): ReviewForm<OutputOf<S>, OutputOf<V>> => ({
  type: 'form',
  name: o.name,
  shows: o.shows, // a schema of its own output
  value: o.value, // a schema of its own output
  reasons: o.reasons,
  firstLine: o.firstLine,
  digest: digestOfResource(
    'form',
    { name: o.name, shows: describeSchema(o.shows), value: describeSchema(o.value), reasons: o.reasons },
    [o.firstLine],
  ),
})

// ---------------------------------------------------------------- effects

/** Names a system of record; the platform hands it to an action. */
export interface Connector<T> {
  readonly name: string
  /** Never set: carries the type. */
  readonly connects?: T
}
export const connector = <T>(name: string): Connector<T> => ({ name })

export interface ActionCall<I, F extends string> {
  readonly input: I
  /** Idempotency token: the same for every attempt at this step (SHA-256 hex). */
  readonly token: string
  readonly signal: AbortSignal
  readonly use: <T>(connector: Connector<T>) => T
  /** Ends the step with a failure that the pipeline handles. */
  readonly fail: (failure: F) => never
}

export interface Action<I, O, F extends string, A extends 'required' | 'by-gate'> extends Resource<'action'> {
  readonly input: Schema<I>
  readonly output: Schema<O>
  readonly approval: A
  readonly failures: readonly F[]
  readonly undo:
    | 'irreversible'
    | 'harmless'
    | ((call: Omit<ActionCall<I, never>, 'fail'> & { readonly output: O }) => Promise<void>)
  readonly ifUnknown:
    | 'token-is-idempotent'
    | 'ask-a-human'
    | ((call: Pick<ActionCall<I, never>, 'token' | 'signal' | 'use'>) => Promise<O | undefined>)
  readonly timeout: Duration
  readonly run: (call: ActionCall<I, F>) => Promise<O>
}

/** An action of any types: what the platform handles; values are checked against the action's own schemas. */
export type AnyAction = Action<unknown, unknown, string, 'required' | 'by-gate'>

/** A change of an external system, and how it fails, is undone, and is looked at when a crash hid its outcome. */
export const action = <
  I extends Schema,
  O extends Schema,
  const F extends string = never,
  const A extends 'required' | 'by-gate' = 'by-gate',
>(o: {
  name: string
  input: I & JsonSchemaOf<I>
  output: O & JsonSchemaOf<O>
  approval?: A
  failures?: readonly F[]
  undo: Action<OutputOf<I>, OutputOf<O>, F, A>['undo']
  ifUnknown: Action<OutputOf<I>, OutputOf<O>, F, A>['ifUnknown']
  timeout?: Duration
  run: (call: ActionCall<OutputOf<I>, F>) => Promise<OutputOf<O>>
}): Action<OutputOf<I>, OutputOf<O>, F, A> => {
  const { name, failures = [], undo, ifUnknown, timeout = '30s', run } = o
  const approval = o.approval ?? ('by-gate' as A) // the default of A
  const declared = {
    name,
    approval,
    failures,
    timeout,
    undo: typeof undo === 'string' ? undo : 'code',
    ifUnknown: typeof ifUnknown === 'string' ? ifUnknown : 'code',
    input: describeSchema(o.input),
    output: describeSchema(o.output),
  }
  const code = [run, ...(typeof undo === 'string' ? [] : [undo]), ...(typeof ifUnknown === 'string' ? [] : [ifUnknown])]
  return {
    type: 'action',
    name,
    input: o.input, // a schema of its own output
    output: o.output, // a schema of its own output
    approval,
    failures,
    undo,
    ifUnknown,
    timeout,
    run,
    digest: digestOfResource('action', declared, code),
  }
}
