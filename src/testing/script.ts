import type { ErrorCode } from '../core/errors/dictionary.ts'
import type { Duration } from '../core/duration.ts'
import type { Embedding, Extraction, Prompt } from '../sdk/prompts.ts'
import type { Action, Classifier, Collection, ReviewForm, Rules } from '../sdk/resources.ts'

/** What a scripted person does with an item. */
export type PersonScript<V> =
  | { readonly approve: true; readonly edit?: V; readonly after?: Duration }
  | { readonly reject: true; readonly reason?: string; readonly after?: Duration }
  | { readonly answer: V; readonly after?: Duration }
  | { readonly silent: true }

/** How a scripted system behaves; absent: its action's own code runs against the connectors that the test gives. */
export type SystemScript<O, F extends string> =
  | { readonly gives: O }
  | { readonly fails: F }
  /** The effect lands, and the process dies before it knows. */
  | { readonly fails: 'connection-lost-after-send'; readonly gives?: O }

/** A model that gives no answer, once the step has waited for it. */
export class Failing {
  readonly code: ErrorCode
  constructor(code: ErrorCode) {
    this.code = code
  }
}
/** Instead of a model's answer: the step fails with this code, `model/answer-cut` or `cost/over-budget`. */
export const failing = (code: ErrorCode): Failing => new Failing(code)

export interface Script {
  readonly resource: string
  readonly type: string
  readonly answer: unknown
  /** Of a classifier: the corridor asks by these. */
  readonly labels?: readonly string[]
}

type AnswerTo<R> =
  R extends Classifier<infer L>
    ? { readonly label: L; readonly confidence: number; readonly accepted?: boolean }
    : R extends Rules<never, infer O>
      ? O
      : R extends ReviewForm<never, infer V>
        ? PersonScript<V>
        : R extends Action<never, infer O, infer F, never>
          ? SystemScript<O, F>
          : R extends Prompt<never, infer O>
            ? O
            : R extends Extraction<infer O>
              ? O
              : R extends Embedding
                ? Vectors
                : R extends Collection<infer D>
                  ? readonly D[]
                  : never

/** One for each text, or what makes them. */
type Vectors = readonly (readonly number[])[] | ((texts: readonly string[]) => readonly (readonly number[])[])

/** Scripts what answers a resource. Tables of rules are evaluated for real and need no script. */
export function when<L extends string>(resource: Classifier<L>, answer: AnswerTo<Classifier<L>>): Script
export function when<S, V>(resource: ReviewForm<S, V>, answer: PersonScript<V>): Script
export function when<I, O, F extends string, A extends 'required' | 'by-gate'>(
  resource: Action<I, O, F, A>,
  answer: SystemScript<O, F>,
): Script
export function when<I, O>(resource: Prompt<I, O>, answer: O | Failing): Script
export function when<O>(resource: Extraction<O>, answer: O | Failing): Script
export function when(resource: Embedding, answer: Vectors | Failing): Script
export function when<D>(resource: Collection<D>, answer: readonly D[]): Script
export function when(
  resource: { readonly name: string; readonly type: string; readonly labels?: readonly string[] },
  answer: unknown,
): Script {
  const { name, type, labels } = resource
  return { resource: name, type, answer, ...(labels && { labels }) }
}
