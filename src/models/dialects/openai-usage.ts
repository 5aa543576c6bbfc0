import type { Usage } from '../cost/usage.ts'
import { objectOf, tokensOf, wordOf } from './unknown-json.ts'

/**
 * OpenAI's two forms of usage in our vocabulary. What was read from or written to a cache is inside the input tokens, and reasoning inside the
 * output tokens; both come out of them here. Undefined where the main numbers are none.
 */
export function openaiUsage(usage: unknown, tier: unknown): Usage | undefined {
  const fields = objectOf(usage)
  if (fields === undefined) return undefined
  const input = tokensOf(fields['prompt_tokens'] ?? fields['input_tokens'])
  const output = tokensOf(fields['completion_tokens'] ?? fields['output_tokens'] ?? 0)
  if (input === undefined || output === undefined) return undefined
  const read = objectOf(fields['prompt_tokens_details'] ?? fields['input_tokens_details'])
  const made = objectOf(fields['completion_tokens_details'] ?? fields['output_tokens_details'])
  // DeepSeek names its cache at the top.
  const cacheRead = tokensOf(read?.['cached_tokens'] ?? fields['prompt_cache_hit_tokens']) ?? 0
  const cacheWrite = tokensOf(read?.['cache_write_tokens']) ?? 0
  const long = tokensOf(objectOf(read?.['cache_write_tokens_details'])?.['ttl_12h_tokens']) ?? 0
  const reasoning = tokensOf(made?.['reasoning_tokens']) ?? 0
  // xAI counts reasoning beside the completion, and its total shows it.
  const isApart = reasoning > 0 && tokensOf(fields['total_tokens']) === input + output + reasoning
  const served = standardTiers.has(wordOf(tier) ?? 'default') ? undefined : wordOf(tier)
  return {
    input: Math.max(0, input - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite: Math.max(0, cacheWrite - long),
    cacheWriteLong: Math.min(long, cacheWrite),
    output: isApart ? output : Math.max(0, output - reasoning),
    reasoning,
    ...(served !== undefined && { tier: served }),
  }
}

const standardTiers: ReadonlySet<string> = new Set(['default', 'auto', 'standard'])
