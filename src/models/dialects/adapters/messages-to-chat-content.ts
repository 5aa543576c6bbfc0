import { type JsonObject, listOf, objectOf, textOf } from '../unknown-json.ts'
import {
  as,
  cross,
  crossPart,
  crossParts,
  type Crossing,
  type Draft,
  droppable,
  known,
  mapped,
  type Parts,
  type Place,
  type Rule,
  type Rules,
} from './crossing.ts'
import { callFields } from './messages-to-chat-tools.ts'

const type = known('the part’s kind')
const cache_control = droppable('OpenAI caches by itself')
const citations = droppable('OpenAI’s chat cites no sources')
const hosted = 'only Anthropic has run the tool'
const thinking = droppable('thinking goes back to its issuer only')

const text = { as: 'text', rules: { type, text: as('text'), cache_control, citations } }

/** The parts of a user's message that speak; results of tools become messages of their own. */
export const userParts: Parts = {
  text,
  image: {
    as: 'image_url',
    rules: {
      type,
      source: mapped('`image_url`, of base64 or a URL; a file’s id refused', (value, place) => {
        place.out['image_url'] = { url: addressOf(objectOf(value) ?? {}, place) }
      }),
      transformations: droppable('OpenAI takes pictures as they are'),
      cache_control,
    },
  },
  document: {
    as: 'file',
    rules: {
      type,
      source: mapped('`file.file_data` of base64, `text` of a plain text; URLs and ids refused', carryDocument),
      title: mapped('`file.filename`, or the first line of a plain text', (value, { out }) => {
        out['file'] = { ...objectOf(out['file']), filename: value }
      }),
      context: droppable('OpenAI takes no context of a file'),
      citations,
      cache_control,
    },
  },
  search_result: { refused: 'OpenAI’s chat knows no search results' },
  container_upload: { refused: 'only its issuer has the container' },
}

/** The parts of messages that are text alone. */
const plainParts: Parts = { text }

/** The parts of a tool's result. */
export const resultParts: Parts = {
  text,
  image: { refused: 'OpenAI’s chat takes results in text' },
  document: { refused: 'OpenAI’s chat takes results in text' },
  search_result: { refused: 'OpenAI’s chat knows no search results' },
  tool_reference: { refused: 'OpenAI loads every tool at once' },
}

const content: Rule = mapped('`content`', (value, { crossing, path, out }) => {
  out['content'] = plain(value, resultParts, { crossing, path })
})

/** The fields of a result of a tool, in a user's message. */
export const resultFields: Rules = {
  type,
  tool_use_id: as('tool_call_id'),
  content,
  is_error: mapped('nothing where false: OpenAI’s results have no mark of failure', (value, { crossing, path }) => {
    if (value === true) crossing.drop(path, 'OpenAI’s results have no mark of failure; their text can tell it')
  }),
  toolset_name: droppable('OpenAI knows no sets of tools'),
  cache_control,
}

/** The parts of an assistant's message. */
export const assistantParts: Readonly<Record<string, string | Rule>> = {
  text: 'text of `content`',
  tool_use: '`tool_calls`',
  thinking,
  redacted_thinking: thinking,
}

export const systemMessage = (value: unknown, place: Omit<Place, 'out'>): Draft => ({
  role: 'system',
  content: plain(value, plainParts, place),
})

export const conversation = (list: readonly unknown[], crossing: Crossing): Draft[] =>
  list.flatMap((item, i) => {
    const { role, content, ...others } = objectOf(item) ?? {}
    const path = `messages.${i}`
    cross(others, {}, { crossing, path, out: {} }) // nothing else is known of a message
    const place = { crossing, path: `${path}.content` }
    if (role === 'system') return [systemMessage(content, place)]
    if (role === 'assistant') return [assistantMessage(content, place)]
    if (role === 'user') return userMessages(content, place)
    return crossing.refuse(`${path}.role`, 'the gateway knows no such role')
  })

/** The results first, as OpenAI wants them right after the calls, then what the user says. */
function userMessages(content: unknown, { crossing, path }: Omit<Place, 'out'>): Draft[] {
  if (typeof content === 'string') return [{ role: 'user', content }]
  const results: Draft[] = []
  const said: Draft[] = []
  for (const [i, item] of listOf(content).entries()) {
    const part = objectOf(item)
    const at = `${path}.${i}`
    if (part?.['type'] === 'tool_result')
      results.push(cross(part, resultFields, { crossing, path: at, out: { role: 'tool', content: '' } }))
    else said.push(titled(crossPart(item, userParts, { crossing, path: at })))
  }
  return said.length === 0 && results.length > 0 ? results : [...results, { role: 'user', content: said }]
}

/** A text has no name there, so the name of a document that is text stands above it. */
function titled({ file, ...part }: Draft): Draft {
  const title = part['type'] === 'text' ? textOf(objectOf(file)?.['filename']) : undefined
  if (title !== undefined) return { ...part, text: `${title}\n\n${String(part['text'])}` }
  return file === undefined || part['type'] === 'text' ? part : { ...part, file }
}

function assistantMessage(content: unknown, { crossing, path }: Omit<Place, 'out'>): Draft {
  if (typeof content === 'string') return { role: 'assistant', content }
  const texts: Draft[] = []
  const calls: Draft[] = []
  for (const [i, item] of listOf(content).entries()) {
    const part = objectOf(item) ?? {}
    const at = `${path}.${i}`
    const kind = textOf(part['type']) ?? ''
    const rule = Object.hasOwn(assistantParts, kind) ? assistantParts[kind] : undefined
    if (rule === undefined) crossing.refuse(`${at}.type`, hosted)
    else if (typeof rule !== 'string') crossing.drop(at, rule.says)
    else if (kind === 'text') texts.push(crossPart(item, plainParts, { crossing, path: at }))
    else calls.push(call(part, { crossing, path: at }))
  }
  return {
    role: 'assistant',
    content: texts.length > 0 ? joined(texts) : calls.length > 0 ? null : '',
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

const call = (part: JsonObject, place: Omit<Place, 'out'>): Draft => ({
  ...cross(part, callFields, { ...place, out: { type: 'function' } }),
  function: { name: part['name'], arguments: JSON.stringify(part['input'] ?? {}) },
})

function plain(value: unknown, parts: Parts, place: Omit<Place, 'out'>): unknown {
  return typeof value === 'string' ? value : joined(crossParts(listOf(value), parts, place))
}

/** One text is said as such: many servers of OpenAI's kind take no lists here. */
const joined = (texts: readonly Draft[]): unknown => (texts.length === 1 ? texts[0]?.['text'] : texts)

function addressOf(source: JsonObject, { crossing, path }: Place): string {
  if (source['type'] === 'base64') return `data:${String(source['media_type'])};base64,${String(source['data'])}`
  return source['type'] === 'url' && typeof source['url'] === 'string'
    ? source['url']
    : crossing.refuse(`${path}.type`, 'only its issuer can read a file’s id')
}

function carryDocument(value: unknown, place: Place): void {
  const source = objectOf(value) ?? {}
  if (source['type'] === 'text') {
    place.out['type'] = 'text'
    place.out['text'] = source['data']
  } else if (source['type'] === 'base64')
    place.out['file'] = { ...objectOf(place.out['file']), file_data: addressOf(source, place) }
  else place.crossing.refuse(`${place.path}.type`, 'OpenAI’s chat takes a file’s bytes only')
}
