import type { ModelRequest } from '../dialects/dialect.ts'
import { dialects } from '../dialects/dialects.ts'
import { type Member, membersOf, withMembers } from '../dialects/json-members.ts'
import { listOf, objectOf, parsed, textOf } from '../dialects/unknown-json.ts'

/** The JSON text of a member of an object; undefined where it is not there, or null. */
export function memberText(text: Buffer, members: readonly Member[], key: string): string | undefined {
  const member = members.find((one) => one.key === key)
  const value = member && text.toString('utf8', member.valueStart, member.valueEnd)
  return value === 'null' ? undefined : value
}

/** What a request says as input, as the JSON text of a list of items. A text is what a user says. */
export function inputOf({ raw, members }: Pick<ModelRequest, 'raw' | 'members'>): string {
  const input = memberText(raw, members, 'input')
  if (input === undefined) return '[]'
  return input.startsWith('"') ? `[{"type":"message","role":"user","content":${input}}]` : input
}

/** What a response says, as the JSON text of a list of items. */
export function outputOf(response: string): string {
  const text = Buffer.from(response)
  return memberText(text, membersOf(text), 'output') ?? '[]'
}

/** Lists of items one after the other, each item's bytes untouched. */
export const joined = (...lists: readonly string[]): string =>
  `[${lists
    .map((list) => list.trim().slice(1, -1).trim())
    .filter((inner) => inner !== '')
    .join(',')}]`

/** The request with the conversation before it written out, for a provider that keeps none. */
export function goingOn(request: ModelRequest, before: string): ModelRequest {
  const values = new Map([
    ['input', joined(before, inputOf(request))],
    ['previous_response_id', 'null'],
  ])
  return dialects['openai-responses'].read(withMembers(request.raw, request.members, values))
}

/** Items as the dialect lists them: each has an id, and a message's content is a list of parts. */
export function listedItems(input: string, response: string): readonly object[] {
  return listOf(parsed(input)).map((item, i) => {
    const fields = objectOf(item) ?? {}
    const type = textOf(fields['type']) ?? 'message'
    const { content } = fields
    const part = fields['role'] === 'assistant' ? 'output_text' : 'input_text'
    return {
      id: `${type === 'message' ? 'msg' : 'item'}_${response.replace(/^resp_/, '')}_${i}`,
      type,
      ...fields,
      ...(typeof content === 'string' && { content: [{ type: part, text: content }] }),
    }
  })
}
