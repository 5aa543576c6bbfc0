import { textOf } from './unknown-json.ts'

/** Anthropic's reasons to stop in OpenAI's words. */
const finishes: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
}

export const finishOf = (reason: unknown): string => finishes[textOf(reason) ?? ''] ?? 'stop'
