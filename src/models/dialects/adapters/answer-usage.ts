import { contextOf, type Usage } from '../../cost/usage.ts'
import type { JsonObject } from '../unknown-json.ts'

/** Our vocabulary of usage in the words of each dialect, so that a client adds up the same as the gateway. */

export const chatUsage = (usage: Usage): JsonObject => ({
  prompt_tokens: contextOf(usage),
  completion_tokens: usage.output + usage.reasoning,
  total_tokens: contextOf(usage) + usage.output + usage.reasoning,
  prompt_tokens_details: {
    cached_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite + usage.cacheWriteLong,
  },
  completion_tokens_details: { reasoning_tokens: usage.reasoning },
})

/** What a message's last event tells too: all of it is cumulative. */
export const messageUsage = (usage: Usage | undefined): JsonObject => ({
  input_tokens: usage?.input ?? 0,
  cache_creation_input_tokens: (usage?.cacheWrite ?? 0) + (usage?.cacheWriteLong ?? 0),
  cache_read_input_tokens: usage?.cacheRead ?? 0,
  output_tokens: (usage?.output ?? 0) + (usage?.reasoning ?? 0),
  output_tokens_details: { thinking_tokens: usage?.reasoning ?? 0 },
  server_tool_use: null,
})
