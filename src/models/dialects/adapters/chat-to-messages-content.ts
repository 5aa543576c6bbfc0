import { type JsonObject, listOf, objectOf, textOf } from '../unknown-json.ts'
import { callFields } from './chat-to-messages-tools.ts'
import {
  as,
  cross,
  crossParts,
  type Crossing,
  type Draft,
  droppable,
  known,
  mapped,
  type Parts,
  type Place,
  refused,
  type Rules,
} from './crossing.ts'
import { exactObject } from './exact-json.ts'

const type = known('the part’s kind')
const caching: Rules = {
  prompt_cache_breakpoint: mapped('`cache_control`; its lifetime is Anthropic’s', (_, { out }) => {
    out['cache_control'] = { type: 'ephemeral' }
  }),
  cache_control: as('cache_control'),
}
const text = { as: 'text', rules: { type, text: as('text'), ...caching } }

/** The parts that a user's message can have. */
export const userParts: Parts = {
  text,
  image_url: {
    as: 'image',
    rules: {
      type,
      image_url: mapped('`source`, of base64 or a URL; `detail` droppable', (value, { crossing, path, out }) => {
        const { url, detail } = objectOf(value) ?? {}
        out['source'] = sourceOf(textOf(url) ?? crossing.refuse(path, 'it needs a url'))
        if (detail !== undefined && detail !== 'auto') crossing.drop(`${path}.detail`, 'Anthropic has one resolution')
      }),
      ...caching,
    },
  },
  file: {
    as: 'document',
    rules: {
      type,
      file: mapped('`source` of a PDF in base64, its name as `title`; `file_id` refused', (value, place) => {
        const { file_data: data, filename } = objectOf(value) ?? {}
        const source = sourceOf(
          textOf(data) ?? place.crossing.refuse(place.path, 'only its issuer can read a file’s id'),
        )
        if (source['media_type'] !== 'application/pdf') place.crossing.refuse(place.path, 'Anthropic reads PDF files')
        place.out['source'] = source
        if (typeof filename === 'string') place.out['title'] = filename
      }),
      ...caching,
    },
  },
  input_audio: { refused: 'Anthropic does not hear' },
}

/** The parts of all other messages. */
export const plainParts: Parts = { text, refusal: { as: 'text', rules: { type, refusal: as('text'), ...caching } } }

const role = known('`role`')
const name = droppable('Anthropic knows no names of speakers')
const notOurs = 'thinking goes back to its issuer only'

/** The fields of a message of each role. */
export const systemFields: Rules = { role, name, content: contentOf(plainParts) }
export const userFields: Rules = { role, name, content: contentOf(userParts) }
export const toolFields: Rules = {
  role,
  name,
  tool_call_id: as('tool_use_id'),
  content: contentOf(plainParts),
}
export const assistantFields: Rules = {
  role,
  name,
  content: contentOf(plainParts),
  refusal: mapped('text', (value, { out }) => {
    out['content'] = [...listOf(out['content']), { type: 'text', text: value }]
  }),
  tool_calls: mapped('blocks of `tool_use`', () => undefined), // after the text, wherever the field stands
  function_call: refused('it is the old form of `tool_calls`'),
  audio: refused('only its issuer can hear an answer’s id'),
  annotations: droppable('Anthropic’s citations are of another kind'),
  reasoning_content: droppable(notOurs),
  reasoning: droppable(notOurs),
  reasoning_details: droppable(notOurs),
}

/** Messages of the system before all others become Anthropic's `system`; the results of parallel calls stand in one message, as it wants them. */
export function conversation(
  list: readonly unknown[],
  crossing: Crossing,
): { readonly system: readonly Draft[]; readonly messages: readonly Draft[] } {
  const system: unknown[] = []
  const messages: Draft[] = []
  let results: Draft[] | undefined
  for (const [i, item] of list.entries()) {
    const message = objectOf(item) ?? {}
    const place = { crossing, path: `messages.${i}`, out: {} }
    const speaker = textOf(message['role'])
    if (speaker === 'tool') {
      const result = cross(message, toolFields, { ...place, out: { type: 'tool_result' } })
      if (results) results.push(result)
      else messages.push({ role: 'user', content: (results = [result]) })
      continue
    }
    results = undefined
    if (speaker === 'system' || speaker === 'developer') {
      const { content } = cross(message, systemFields, place)
      if (messages.length === 0) system.push(...listOf(content))
      else messages.push({ role: 'system', content })
    } else if (speaker === 'user') messages.push({ role: 'user', ...cross(message, userFields, place) })
    else if (speaker === 'assistant') messages.push({ role: 'assistant', content: assistantContent(message, place) })
    else crossing.refuse(`messages.${i}.role`, 'Anthropic knows no such role')
  }
  // Texts of the system alone are blocks, by construction.
  return { system: system as Draft[], messages }
}

function assistantContent(message: JsonObject, place: Place): readonly unknown[] {
  const { content } = cross(message, assistantFields, place)
  const calls = listOf(message['tool_calls']).map((item, i) => {
    const path = `${place.path}.tool_calls.${i}`
    const call = objectOf(item) ?? {}
    const called = objectOf(call['function']) ?? {}
    const input = exactObject(textOf(called['arguments']) || '{}')
    const out = cross(call, callFields, { crossing: place.crossing, path, out: { type: 'tool_use' } })
    if (input === undefined) return place.crossing.refuse(`${path}.function.arguments`, 'they are no JSON object')
    return { ...out, name: called['name'], input }
  })
  return [...listOf(content), ...calls]
}

/** A text becomes one part; empty texts are left out, since Anthropic refuses them. */
function contentOf(parts: Parts): Rules[string] {
  return mapped('`content`', (value, { crossing, path, out }) => {
    const list = typeof value === 'string' ? [{ type: 'text', text: value }] : listOf(value)
    out['content'] = crossParts(list, parts, { crossing, path }).filter((part) => part['text'] !== '')
  })
}

/** `data:image/png;base64,…` carries its bytes; any other address is the provider's to fetch, never ours. */
function sourceOf(url: string): JsonObject {
  const [, media, data] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? []
  return data === undefined ? { type: 'url', url } : { type: 'base64', media_type: media, data }
}
