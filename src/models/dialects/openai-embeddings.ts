import { z } from 'zod'
import type { Dialect, StreamReader } from './dialect.ts'
import { defaultsFor } from './defaults.ts'
import { withMembers } from './json-members.ts'
import { OpenaiChatStream } from './openai-chat-stream.ts'
import { failureOf } from './openai-chat.ts'
import { openaiError } from './openai-errors.ts'
import { openaiUsage } from './openai-usage.ts'
import { readBody } from './reading.ts'
import { model, word } from './shape.ts'
import { objectOf, wordOf } from './unknown-json.ts'

const name = 'openai-embeddings'

const shape = z.looseObject({
  model,
  input: z.union([z.string(), z.array(z.union([z.string(), z.int(), z.array(z.int())])).min(1)]),
  user: word,
})

/** OpenAI's embeddings: no stream, no output, no tools. */
export const openaiEmbeddings: Dialect = {
  name,
  read: (raw) => {
    const { json, fields, members } = readBody(name, raw, shape)
    return {
      dialect: name,
      model: fields.model,
      isStream: false,
      outputCap: 0,
      answers: 1,
      hasTools: false,
      hasHostedTools: false,
      ...(fields.user && { endUser: fields.user }),
      metadata: {},
      // Tokens that are given as numbers take at least a digit and a comma each.
      inputBound: raw.length,
      isBound: false,
      asksUsage: true,
      json,
      raw,
      members,
    }
  },
  bodyFor: (request, change) => {
    const values = defaultsFor(request, change)
    if (change.model !== request.model) values.set('model', JSON.stringify(change.model))
    return withMembers(request.raw, request.members, values)
  },
  usageOf: (answer) => openaiUsage(objectOf(answer)?.['usage'], undefined),
  modelOf: (answer) => wordOf(objectOf(answer)?.['model']),
  failureOf: (answer, status) => failureOf(answer, status, 'data'),
  saidIn: () => undefined,
  listener: () => undefined,
  // Never streamed; if one comes all the same it is no answer of this dialect, and this reader never finds it complete.
  stream: (): StreamReader => new OpenaiChatStream({ hidesUsage: false }),
  keepAlive: ': keep-alive\n\n',
  errorBody: (error) => JSON.stringify(openaiError(error)),
  errorEvent: (error) => `data: ${JSON.stringify(openaiError(error))}\n\n`,
}
