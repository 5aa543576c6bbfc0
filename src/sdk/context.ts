import type { Duration } from '../core/duration.ts'
import type { Embedding, Extraction, Prompt } from './prompts.ts'
import type { Action, Classifier, Collection, ReviewForm, Rules } from './resources.ts'

export interface Classification<L extends string> {
  /** The most likely label, also below the threshold. */
  readonly label: L
  readonly confidence: number
  /** The confidence reaches the threshold of the model's card. */
  readonly accepted: boolean
  readonly top: readonly { readonly label: L; readonly confidence: number }[]
  /** The characters of the text that decided. */
  readonly part: { readonly start: number; readonly end: number }
}

export interface Found<D> {
  readonly document: D
  readonly id: string
  readonly version: string
  readonly source: string
  /** Fused score: higher is nearer. */
  readonly score: number
}

/** When a person is asked before an effect. Whether one is, the platform decides and records. */
export interface Gate<S, I> {
  readonly form: ReviewForm<S, I>
  readonly show: S
  /** True: a person is asked in any case. */
  readonly require?: boolean
  /** Why, as a reason code: stands in the record and on the item. */
  readonly why?: string
  readonly confidence?: number
  readonly queue: string
  readonly priority?: 0 | 1 | 2 | 3
  /** After this the item is escalated. */
  readonly due?: Duration
  /** After this nobody is waited for any more. */
  readonly expires?: Duration
}

export type ActOutcome<O, F extends string> =
  | { readonly outcome: 'done'; readonly value: O }
  /** A crash hid the outcome; a person looked and says that it had happened. */
  | { readonly outcome: 'done-by-hand' }
  | { readonly outcome: 'failed'; readonly failure: F | 'outcome-unknown' }
  | { readonly outcome: 'rejected'; readonly reason: string | undefined }
  | { readonly outcome: 'expired' }

export type Answer<V> =
  | { readonly outcome: 'answered'; readonly value: V; readonly reason: string | undefined }
  | { readonly outcome: 'expired' }

/** What a pipeline's code gets: every step goes through the same corridor. Steps run in parallel with plain `Promise.all`. */
export interface Context {
  classify<L extends string>(classifier: Classifier<L>, text: string): Promise<Classification<L>>
  decide<I, O>(rules: Rules<I, O>, input: NoInfer<I>): Promise<O>
  retrieve<D>(
    collection: Collection<D>,
    text: string,
    options?: { readonly topK?: number },
  ): Promise<readonly Found<D>[]>
  generate<I, O>(prompt: Prompt<I, O>, input: NoInfer<I>, options?: Patience & Keyed): Promise<O>
  /** The extraction's fields, read out of a text. */
  extract<O>(extraction: Extraction<O>, text: string, options?: Patience & Keyed): Promise<O>
  /** One vector for each text, in their order. */
  embed(
    embedding: Embedding,
    texts: readonly string[],
    options?: Patience & Keyed,
  ): Promise<readonly (readonly number[])[]>
  /** An action that declares `approval: 'required'` is not called without a gate. */
  act<I, O, F extends string, A extends 'required' | 'by-gate', S = never>(
    action: Action<I, O, F, A>,
    input: NoInfer<I>,
    ...gate: A extends 'required' ? [gate: Gate<S, NoInfer<I>> & Keyed] : [gate?: (Gate<S, NoInfer<I>> & Keyed) | Keyed]
  ): Promise<ActOutcome<O, F>>
  /** A question without an effect. */
  review<S, V>(
    form: ReviewForm<S, V>,
    show: NoInfer<S>,
    options: Omit<Gate<S, V>, 'form' | 'show' | 'require' | 'confidence'> & Keyed,
  ): Promise<Answer<V>>
  sleep(duration: Duration): Promise<void>
  /** Runs `body` for each item, `atOnce` at a time, each in a scope named by its key. */
  each<T, R>(
    items: readonly T[],
    options: { readonly key: (item: T) => string; readonly atOnce?: number },
    body: (context: Context, item: T) => Promise<R>,
  ): Promise<R[]>
  /** The recorded time of the last step: milliseconds since 1970. */
  now(): number
  /** In [0, 1), the same on every replay. */
  random(): number
}

export interface Patience {
  /**
   * How long a model that cannot be asked is waited for: its provider is down or busy, or its budget is spent. Then the step fails, with a code that
   * begins with `model/` or `cost/`. Two days unless said.
   */
  readonly patience?: Duration | undefined
}

/** The author's own key of a step in a loop: names it whatever the order. */
export interface Keyed {
  readonly key?: string
}
