/** What a caller may do with an error: never again as it is, again after a pause, or wait for a person. */
export type RetryClass = 'never' | 'backoff' | 'pause'

export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface ErrorEntry<D extends ErrorDetails> {
  /** HTTP status of the problem document (RFC 9457). */
  readonly status: number
  readonly retry: RetryClass
  /** A few words that do not change with the details. */
  readonly title: string
  /** What happened, the likely cause, and what to do next; from the details alone. */
  readonly message: (details: D) => string
  /** Details that render the message: a test renders every entry with them. */
  readonly sample: D
}

/** Infers the details of an entry from its sample. */
export const entry = <const D extends ErrorDetails>(e: {
  status: number
  retry: RetryClass
  title: string
  sample: D
  message: (details: Widen<D>) => string
}): ErrorEntry<Widen<D>> => e as unknown as ErrorEntry<Widen<D>>

type Widen<D> = {
  readonly [K in keyof D]: D[K] extends string
    ? string
    : D[K] extends number
      ? number
      : D[K] extends boolean
        ? boolean
        : D[K]
}
