import type { ModelRequest } from './dialect.ts'
import { objectOf, textOf } from './unknown-json.ts'

/** A picture of one megapixel, by Anthropic's rule of width times height over 750. */
const tokensOfPicture = 1334
/** A page has about so many bytes in a PDF with pictures of its own, and Anthropic counts it as text and as a picture. */
const bytesOfPage = 75_000
const tokensOfPage = 2500
/** What Anthropic documents that tools add to the prompt, about. */
const tokensOfToolPrompt = 350
const tokensOfMessage = 4

/** Anthropic's rule of thumb for English; other tokenizers count up to a third fewer. Of other scripts a character is nearer to a token of its own. */
const asciiOfToken = 3.5
const othersOfToken = 1.4

/** What stands in a body beside the conversation, and is no text for the model. */
const settings: ReadonlySet<string> = new Set([
  'model',
  'max_tokens',
  'metadata',
  'stream',
  'temperature',
  'top_p',
  'top_k',
])

/**
 * About how many input tokens a request has, without its model's tokenizer. To choose a model or
 * cut a conversation by; what a call may cost at most follows from `inputBound` alone.
 */
export function estimateTokens({ hasTools, json }: Pick<ModelRequest, 'hasTools' | 'json'>): number {
  let tokens = hasTools ? tokensOfToolPrompt : 0
  const left: unknown[] = Object.entries(json)
    .filter(([key]) => !settings.has(key))
    .map(([, value]) => value)
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value === 'string') tokens += tokensOfText(value)
    else if (typeof value === 'number' || typeof value === 'boolean') tokens += 1
    else if (Array.isArray(value)) for (const item of value) left.push(item)
    else {
      const fields = objectOf(value)
      if (fields === undefined) continue
      if (textOf(fields['role']) !== undefined) tokens += tokensOfMessage
      const held = mediaTokens(fields)
      if (held !== undefined) tokens += held
      else for (const [key, inner] of Object.entries(fields)) if (!marks.has(key)) left.push(key, inner)
    }
  }
  return Math.max(1, Math.round(tokens))
}

/** Keys of the dialects' own frames, and their short words: no text for the model. */
const marks: ReadonlySet<string> = new Set(['role', 'type', 'cache_control', 'signature', 'citations'])

/** Of a picture or a file; undefined of anything else. */
function mediaTokens(fields: Readonly<Record<string, unknown>>): number | undefined {
  const type = textOf(fields['type'])
  if (type === 'image' || type === 'image_url' || type === 'input_image') return tokensOfPicture
  if (type !== 'document' && type !== 'file' && type !== 'input_file') return undefined
  const source = objectOf(fields['source'])
  if (source?.['type'] === 'text' || source?.['type'] === 'content') return undefined
  const data =
    textOf(source?.['data']) ?? textOf(objectOf(fields['file'])?.['file_data']) ?? textOf(fields['file_data'])
  const pages = Math.max(1, Math.ceil(((data?.length ?? 0) * 0.75) / bytesOfPage))
  return pages * tokensOfPage
}

function tokensOfText(text: string): number {
  let others = 0
  for (const character of text) if ((character.codePointAt(0) ?? 0) > 0x2ff) others++
  return (text.length - others) / asciiOfToken + others / othersOfToken
}
