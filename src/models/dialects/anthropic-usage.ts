import type { Usage } from '../cost/usage.ts'
import { type JsonObject, objectOf, tokensOf, wordOf } from './unknown-json.ts'

/**
 * Anthropic's usage in our vocabulary. Its input tokens contain neither what was read from a cache nor what was written; its output tokens
 * contain the thinking. Undefined where the main numbers are none.
 */
export function anthropicUsage(usage: JsonObject | undefined): Usage | undefined {
  const input = tokensOf(usage?.['input_tokens'])
  const output = tokensOf(usage?.['output_tokens'])
  if (usage === undefined || input === undefined || output === undefined) return undefined
  const reasoning = tokensOf(objectOf(usage['output_tokens_details'])?.['thinking_tokens']) ?? 0
  // Fast mode has prices of its own, as a tier has.
  const tier = wordOf(usage['speed']) === 'fast' ? 'fast' : wordOf(usage['service_tier'])
  return {
    input,
    cacheRead: tokensOf(usage['cache_read_input_tokens']) ?? 0,
    ...writes(usage),
    output: Math.max(0, output - reasoning),
    reasoning,
    ...(tier !== undefined && tier !== 'standard' && { tier }),
  }
}

/** By lifetime. The sum may be larger than its parts where a stream goes on writing after it has told them: then it is of the lifetime that it used. */
function writes(usage: JsonObject): Pick<Usage, 'cacheWrite' | 'cacheWriteLong'> {
  const parts = objectOf(usage['cache_creation'])
  const short = tokensOf(parts?.['ephemeral_5m_input_tokens']) ?? 0
  const long = tokensOf(parts?.['ephemeral_1h_input_tokens']) ?? 0
  const rest = Math.max(0, (tokensOf(usage['cache_creation_input_tokens']) ?? 0) - short - long)
  const isLong = long > 0 && short === 0
  return { cacheWrite: short + (isLong ? 0 : rest), cacheWriteLong: long + (isLong ? rest : 0) }
}

/** The later word counts, part by part: the numbers of `message_delta` are cumulative, and what it leaves out stands. */
export const laterUsage = (earlier: JsonObject | undefined, later: unknown): JsonObject | undefined => {
  const said = Object.entries(objectOf(later) ?? {}).filter(([, value]) => value !== null && value !== undefined)
  return said.length === 0 ? earlier : { ...earlier, ...Object.fromEntries(said) }
}
