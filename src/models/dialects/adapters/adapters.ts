import { MillraceError } from '../../../core/errors/millrace-error.ts'
import type { DialectName, ModelRequest } from '../dialect.ts'
import type { JsonObject } from '../unknown-json.ts'
import type { Adapter } from './adapter.ts'
import { chatToMessages } from './chat-to-messages.ts'
import { MessageEvents } from './completion-as-message-stream.ts'
import { inferenceOverEmbeddings } from './inference-over-embeddings.ts'
import { messageOf } from './completion-as-message.ts'
import { Crossing, type MayDrop } from './crossing.ts'
import { exactObject, exactText } from './exact-json.ts'
import { chained } from './chained.ts'
import { ResponseEvents } from './completion-as-response-stream.ts'
import { responseOf } from './completion-as-response.ts'
import { ChatChunks } from './message-as-completion-stream.ts'
import { completionOf } from './message-as-completion.ts'
import { messagesToChat } from './messages-to-chat.ts'
import { responsesToChat } from './responses-to-chat.ts'

interface Sides {
  readonly from: DialectName
  readonly to: DialectName
}

const chatForMessages: Sides = { from: 'openai-chat', to: 'anthropic-messages' }
const messagesForChat: Sides = { from: 'anthropic-messages', to: 'openai-chat' }
const responsesForChat: Sides = { from: 'openai-responses', to: 'openai-chat' }
const chatForResponses: Sides = { from: 'openai-chat', to: 'openai-responses' }

/** A client of OpenAI's chat, and a provider that speaks Anthropic's messages. */
export const chatOverMessages: Adapter = {
  ...chatForMessages,
  request: (request, mayDrop) => carried(request, { ...chatForMessages, mayDrop }, chatToMessages),
  answer: (body, facts) => answered(body, messagesForChat, (message, lost) => completionOf(message, lost, facts)),
  stream: (facts) => new ChatChunks(losing(messagesForChat), facts),
}

/** A client of Anthropic's messages, and a provider that speaks OpenAI's chat. */
export const messagesOverChat: Adapter = {
  ...messagesForChat,
  request: (request, mayDrop) => carried(request, { ...messagesForChat, mayDrop }, messagesToChat),
  answer: (body) => answered(body, chatForMessages, messageOf),
  stream: () => new MessageEvents(losing(chatForMessages)),
}

/** A client of OpenAI's responses, and a provider that speaks its chat. */
export const responsesOverChat: Adapter = {
  ...responsesForChat,
  request: (request, mayDrop) => carried(request, { ...responsesForChat, mayDrop }, responsesToChat),
  answer: (body, facts) => answered(body, chatForResponses, (completion, lost) => responseOf(completion, lost, facts)),
  stream: (facts) => new ResponseEvents(losing(chatForResponses), facts),
}

/** A client of OpenAI's responses, and a provider that speaks Anthropic's messages. */
export const responsesOverMessages: Adapter = chained(responsesOverChat, chatOverMessages)

const adapters: readonly Adapter[] = [
  chatOverMessages,
  messagesOverChat,
  responsesOverChat,
  responsesOverMessages,
  inferenceOverEmbeddings,
]

/** The way from a client's dialect to another provider's; undefined where there is none. The same dialect on both sides needs none. */
export const adapterFor = (from: DialectName, to: DialectName): Adapter | undefined =>
  adapters.find((adapter) => adapter.from === from && adapter.to === to)

const losing = (sides: Sides): Crossing => new Crossing({ ...sides, mayDrop: 'all' })

const tooDeep = 'it is nested too deeply'

function carried(
  { raw }: ModelRequest,
  o: Sides & { readonly mayDrop: MayDrop },
  carry: (body: JsonObject, crossing: Crossing) => JsonObject,
): { body: Buffer; dropped: readonly string[] } {
  const refuse = (): never => {
    throw new MillraceError('model/bad-body', { dialect: o.from, field: 'the body', why: tooDeep })
  }
  const crossing = new Crossing(o)
  // It was read as an object before; here its numbers keep their digits, and that takes a stack.
  const out = carry(exactObject(raw.toString('utf8')) ?? refuse(), crossing)
  return { body: Buffer.from(exactText(out) ?? refuse()), dropped: crossing.dropped }
}

function answered(
  body: Buffer,
  sides: Sides,
  carry: (answer: JsonObject, crossing: Crossing) => JsonObject,
): { body: string; dropped: readonly string[] } {
  const refuse = (why: string): never => {
    throw new MillraceError('model/malformed-answer', { dialect: sides.from, why })
  }
  const crossing = losing(sides)
  const out = carry(
    exactObject(body.toString('utf8')) ?? refuse('it is no JSON object, or nested too deeply'),
    crossing,
  )
  return { body: exactText(out) ?? refuse(tooDeep), dropped: crossing.dropped }
}
