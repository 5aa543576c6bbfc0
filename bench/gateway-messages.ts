// What the processes of the gateway's benchmarks say to each other over IPC.

/** Asked of the scripted upstream. */
export type UpstreamAsk =
  /** That came to addresses below `/<of>/`. */
  | { readonly ask: 'calls'; readonly of: string }
  /** Answers to this model come so much later. */
  | { readonly ask: 'slow'; readonly model: string; readonly ms: number }
  /** Streams have so many events, so far apart; 0: all at once. */
  | { readonly ask: 'pace'; readonly ms: number; readonly events: number }

export interface UpstreamAnswers {
  readonly calls: number
  readonly slow: null
  readonly pace: null
}
export type UpstreamSaid = { readonly url: string } | { readonly answer: UpstreamAnswers[UpstreamAsk['ask']] }

/** Asked of the process that calls. */
export interface Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly model: string
  readonly atOnce: number
  readonly calls: number
  /** Milliseconds after which no further call begins. */
  readonly within?: number
  /** Milliseconds between two calls of one caller, at least; absent: none. */
  readonly every?: number
  readonly bytes: number
  readonly isStream: boolean
  /** The events tell when they were sent. */
  readonly isPaced?: boolean
}

export interface Loaded {
  readonly calls: number
  readonly ms: number
  /** Milliseconds of each call. */
  readonly took: readonly number[]
  /** Milliseconds between the sending of the first event and its arrival, where events tell it. */
  readonly first: readonly number[]
  /** How many answers were wrong, and what was wrong with the first of them. */
  readonly wrong: number
  readonly failed: string | null
}
export type LoadSaid = { readonly isReady: true } | { readonly answer: Loaded } | { readonly failed: string }
