import { type JsonObject, listOf, objectOf, textOf } from '../unknown-json.ts'
import {
  as,
  cross,
  crossParts,
  type Crossing,
  type Draft,
  droppable,
  known,
  mapped,
  only,
  type Parts,
  type Place,
  refused,
  type Rules,
} from './crossing.ts'
import { functionCallFields, isDirect } from './responses-to-chat-tools.ts'

const type = known('the part’s kind')
const prompt_cache_breakpoint = as('prompt_cache_breakpoint')
const issued = 'only its issuer can read a file’s id'
const text = { as: 'text', rules: { type, text: as('text'), prompt_cache_breakpoint } }

/** The parts that a user's message can have. */
export const inputParts: Parts = {
  input_text: text,
  input_image: {
    as: 'image_url',
    rules: {
      type,
      image_url: mapped('`image_url.url`', (value, { out }) => {
        out['image_url'] = { ...objectOf(out['image_url']), url: value }
      }),
      detail: mapped('`image_url.detail`', (value, { out }) => {
        out['image_url'] = { ...objectOf(out['image_url']), detail: value }
      }),
      file_id: refused(issued),
      prompt_cache_breakpoint,
    },
  },
  input_file: {
    as: 'file',
    rules: {
      type,
      file_data: inFile('file_data'),
      filename: inFile('filename'),
      file_id: refused(issued),
      file_url: refused('a chat takes files in base64, and the gateway fetches none'),
      detail: droppable('a chat has one resolution of files'),
      prompt_cache_breakpoint,
    },
  },
  input_audio: { as: 'input_audio', rules: { type, input_audio: as('input_audio') } },
}

/** The parts of instructions, and of the results of tools. */
export const textParts: Parts = {
  input_text: text,
  input_image: { refused: 'a chat takes results and instructions in text' },
  input_file: { refused: 'a chat takes results and instructions in text' },
}

/** The parts of what the model said before. */
export const outputParts: Parts = {
  output_text: {
    as: 'text',
    rules: {
      type,
      text: as('text'),
      annotations: only((value) => listOf(value).length === 0, 'a chat cites no sources', 'droppable'),
      logprobs: known('what was said is not judged again'),
      parsed: known('the client’s own reading of the text'),
    },
  },
  refusal: { as: 'refusal', rules: { type, refusal: as('refusal') } },
  input_text: text,
}

function inFile(name: string): Rules[string] {
  return mapped(`\`file.${name}\``, (value, { out }) => {
    out['file'] = { ...objectOf(out['file']), [name]: value }
  })
}

/** A text stays one; parts are carried one by one. */
const contentOf = (parts: Parts): Rules[string] =>
  mapped('`content`', (value, { crossing, path, out }) => {
    out['content'] = typeof value === 'string' ? value : crossParts(listOf(value), parts, { crossing, path })
  })

const messageFieldsWith = (parts: Parts): Rules => ({
  type: known('a message'),
  role: as('role'),
  content: contentOf(parts),
  id: known('the item’s own id; a chat has none'),
  status: known('what is part of a conversation is over'),
  phase: droppable('a chat knows no phases of an answer'),
})

/** The fields of a message of each role. */
export const userItem: Rules = messageFieldsWith(inputParts)
export const systemItem: Rules = messageFieldsWith(textParts)
export const assistantItem: Rules = messageFieldsWith(outputParts)
const itemOf: Readonly<Record<string, Rules>> = {
  user: userItem,
  system: systemItem,
  developer: systemItem,
  assistant: assistantItem,
}

/** The fields of a call's result. */
export const resultFields: Rules = {
  type: known('a message of the role `tool`'),
  call_id: as('tool_call_id'),
  output: mapped('`content`', (value, { crossing, path, out }) => {
    out['content'] = typeof value === 'string' ? value : crossParts(listOf(value), textParts, { crossing, path })
  }),
  id: known('the item’s own id; a chat has none'),
  name: known('its call has it'),
  status: known('what is part of a conversation is over'),
  namespace: refused('a chat knows no namespaces of tools'),
  caller: only(isDirect, 'a chat lets the model alone call', 'refused'),
}

/** Items of the conversation by their type. */
export const items: Rules = {
  message: known('a message of its role'),
  function_call: known('a call in `tool_calls` of the assistant’s message'),
  function_call_output: known('a message of the role `tool`'),
  reasoning: droppable('thinking goes back to its issuer only'),
  item_reference: refused('only its issuer has the item'),
}

/** A chat's messages. Calls stand in the message of the assistant that they follow, as parallel calls do. */
export function conversation(list: readonly unknown[], crossing: Crossing): readonly Draft[] {
  const messages: Draft[] = []
  for (const [i, item] of list.entries()) {
    const fields = objectOf(item) ?? {}
    const place = { crossing, path: `input.${i}`, out: {} }
    const kind = textOf(fields['type']) ?? 'message'
    if (kind === 'message') messages.push(messageOf(fields, place))
    else if (kind === 'function_call') addCall(messages, cross(fields, functionCallFields, place))
    else if (kind === 'function_call_output') messages.push({ role: 'tool', ...cross(fields, resultFields, place) })
    else if (kind === 'reasoning') crossing.drop(`input.${i}.reasoning`, 'thinking goes back to its issuer only')
    else if (kind === 'item_reference') crossing.refuse(`input.${i}.type`, 'only its issuer has the item')
    else crossing.refuse(`input.${i}.type`, 'it has no counterpart in a chat')
  }
  return messages
}

function messageOf(fields: JsonObject, place: Place): Draft {
  const role = textOf(fields['role']) ?? ''
  const rules = Object.hasOwn(itemOf, role) ? itemOf[role] : undefined
  if (rules === undefined) return place.crossing.refuse(`${place.path}.role`, 'a chat knows no such role')
  const message = cross(fields, rules, place)
  // Servers of this kind that are older know the system alone.
  return role === 'developer' ? { ...message, role: 'system' } : message
}

function addCall(messages: Draft[], call: Draft): void {
  const made = { type: 'function', ...call }
  const last = messages.at(-1)
  if (last?.['role'] === 'assistant') last['tool_calls'] = [...listOf(last['tool_calls']), made]
  else messages.push({ role: 'assistant', content: null, tool_calls: [made] })
}
