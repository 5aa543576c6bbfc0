import type { DialectName } from '../dialects/dialect.ts'
import { type JsonObject, objectOf, textOf } from '../dialects/unknown-json.ts'

/** Longer ones are more than a question, and more than an encoder reads: it would cut them off, and find what is left equal. */
const mostText = 500
/** In UTF-8, for scripts with a token a character. */
const mostBytes = 700

/** A question's own words, and everything else of its request. */
export interface Asked {
  readonly text: string
  readonly context: JsonObject
}

/** The words of the user's last message, where they end the request and are its only text; undefined where they are more than a question. */
export function askedIn(dialect: DialectName, body: JsonObject): Asked | undefined {
  if (dialect === 'openai-embeddings' || dialect === 'open-inference') return undefined
  const field = dialect === 'openai-responses' ? 'input' : 'messages'
  const said = body[field]
  if (typeof said === 'string') return asked(said, () => ({ ...body, [field]: '' }))
  if (!Array.isArray(said)) return undefined
  const last = objectOf(said.at(-1))
  if (last?.['role'] !== 'user') return undefined
  const ending = (content: unknown): JsonObject => ({ ...body, [field]: [...said.slice(0, -1), { ...last, content }] })
  const { content } = last
  if (typeof content === 'string') return asked(content, () => ending(''))
  const part = Array.isArray(content) && content.length === 1 ? objectOf(content[0]) : undefined
  const text = textOf(part?.['text'])
  return text === undefined ? undefined : asked(text, () => ending([{ ...part, text: '' }]))
}

const asked = (text: string, context: () => JsonObject): Asked | undefined =>
  text.trim() === '' || text.length > mostText || Buffer.byteLength(text) > mostBytes
    ? undefined
    : { text, context: context() }
