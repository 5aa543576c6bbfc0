/**
 * What one attempt at a model used: one vocabulary for every dialect and provider. The parts are disjoint, so that none is counted twice:
 * OpenAI's `prompt_tokens` contain the cached ones and its `completion_tokens` the reasoning, Anthropic's `input_tokens` contain neither
 * reads nor writes of the cache. All are whole numbers of tokens, zero or more.
 */
export interface Usage {
  /** Read in full: neither from a cache nor into one. */
  readonly input: number
  readonly cacheRead: number
  /** Written into a cache that holds it for five minutes; of a provider with one lifetime, that one. */
  readonly cacheWrite: number
  /** Written into a cache that holds it for an hour. */
  readonly cacheWriteLong: number
  /** Generated, without the reasoning. */
  readonly output: number
  /** Generated and not shown, or shown as thinking where the provider counts it apart. */
  readonly reasoning: number
  /** The tier that the provider says it served, as it names it; absent: its standard one. */
  readonly tier?: string
}

export const noUsage: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0, output: 0, reasoning: 0 }

/** All that was read: what decides whether a long context's price applies. */
export const contextOf = ({ input, cacheRead, cacheWrite, cacheWriteLong }: Usage): number =>
  input + cacheRead + cacheWrite + cacheWriteLong

/** Every part is a number of tokens: zero or more, and whole. What a provider reports may be anything. */
export const isCounted = ({ input, cacheRead, cacheWrite, cacheWriteLong, output, reasoning }: Usage): boolean =>
  [input, cacheRead, cacheWrite, cacheWriteLong, output, reasoning].every(
    (count) => Number.isSafeInteger(count) && count >= 0,
  )
