import { type JsonObject, objectOf, textOf, wordOf } from './unknown-json.ts'

/** What is sealed for its issuer, by its type and the field that holds the seal. */
const seals: Readonly<Record<string, string>> = {
  thinking: 'signature',
  redacted_thinking: 'data',
  reasoning: 'encrypted_content',
  compaction: 'encrypted_content',
}

/**
 * Whether a conversation holds what only its issuer can read: signed thinking, encrypted reasoning, the id of a file or of an earlier item. Sent
 * to anybody else it is refused at best, and shows them what it was at worst.
 */
export const hasIssued = (parts: readonly JsonObject[]): boolean => parts.some(isIssued)

function isIssued(part: JsonObject): boolean {
  const type = textOf(part['type']) ?? ''
  const seal = Object.hasOwn(seals, type) ? wordOf(part[seals[type] ?? '']) : undefined
  const file = [part, objectOf(part['source']), objectOf(part['file'])].some((holder) => wordOf(holder?.['file_id']))
  // OpenAI lets a reference leave its type out: an id with nothing beside it.
  const isReference = type === 'item_reference' || (type === '' && part['role'] === undefined && wordOf(part['id']))
  return seal !== undefined || file || Boolean(isReference) || objectOf(part['audio'])?.['id'] !== undefined
}
