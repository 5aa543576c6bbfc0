/** What a benchmark asks of the server that it has started in a process of its own. */
export type Ask = { readonly ask: 'memory' | 'cpu' | 'watch' | 'parts' | 'stop' }

/** How long one part of the server was at work. */
export interface PartFigures {
  readonly part: string
  readonly calls: number
  /** Milliseconds of a call, its waiting for others included. */
  readonly p50: number
  readonly p95: number
  /** Milliseconds since `watch` in which at least one call was in flight. */
  readonly atWork: number
}

export interface Answers {
  /** Bytes after forced collection: resident, and of these on JavaScript's heap and beside it. */
  readonly memory: { readonly resident: number; readonly heap: number; readonly external: number }
  /** Milliseconds of processor time since the process began: of the main thread, and of the whole process. */
  readonly cpu: { readonly main: number; readonly all: number }
  /** From now on the parts are watched, anew. */
  readonly watch: null
  readonly parts: readonly PartFigures[]
  readonly stop: null
}

/** What the process says: that it serves, then one answer to each question, in their order. */
export type Said = { readonly url: string } | { readonly answer: Answers[Ask['ask']] } | { readonly failed: string }
