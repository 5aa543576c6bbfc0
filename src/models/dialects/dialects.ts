import { anthropicMessages } from './anthropic-messages.ts'
import type { Dialect, DialectName } from './dialect.ts'
import { openaiChat } from './openai-chat.ts'
import { openInference } from './open-inference.ts'
import { openaiEmbeddings } from './openai-embeddings.ts'
import { openaiResponses } from './openai-responses.ts'

/** Every dialect by its name. */
export const dialects: Readonly<Record<DialectName, Dialect>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'openai-embeddings': openaiEmbeddings,
  'anthropic-messages': anthropicMessages,
  'open-inference': openInference,
}
