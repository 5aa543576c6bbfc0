import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Dialect, ProviderFailure } from './dialect.ts'
import { inputBound } from './input-bound.ts'
import { hasIssued } from './issued.ts'
import { defaultsFor } from './defaults.ts'
import { withMembers } from './json-members.ts'
import { failureOf } from './openai-chat.ts'
import { openaiError } from './openai-errors.ts'
import { OpenaiResponsesStream } from './openai-responses-stream.ts'
import { openaiUsage } from './openai-usage.ts'
import { partsIn } from './parts.ts'
import { failureIn } from './provider-failure.ts'
import { readBody } from './reading.ts'
import { ResponseListener, saidInResponse } from './said.ts'
import { flag, metadata, model, tokens, tools, word, wordsIn } from './shape.ts'
import { type JsonObject, objectOf, objectsOf, textOf, wordOf } from './unknown-json.ts'

const name = 'openai-responses'

const shape = z.looseObject({
  model,
  input: z.union([z.string(), z.array(z.looseObject({ type: word }))]).nullish(),
  stream: flag,
  max_output_tokens: tokens,
  tools,
  user: word,
  safety_identifier: word,
  service_tier: word,
  previous_response_id: word,
  metadata,
})

/** OpenAI's responses. What runs at the provider beside the answer itself is refused: it can be neither priced nor recorded. */
export const openaiResponses: Dialect = {
  name,
  read: (raw) => {
    const { json, fields, members } = readBody(name, raw, shape)
    refuseHosted(json)
    const parts = partsIn(json['input'])
    const hasTools = (fields.tools?.length ?? 0) > 0
    const endUser = fields.safety_identifier || fields.user
    return {
      dialect: name,
      model: fields.model,
      isStream: fields.stream === true,
      ...(typeof fields.max_output_tokens === 'number' && { outputCap: fields.max_output_tokens }),
      answers: 1,
      hasTools,
      hasHostedTools: false,
      ...(endUser && { endUser }),
      metadata: wordsIn(fields.metadata),
      inputBound: inputBound({ bytes: raw.length, parts, hasTools }),
      isBound: hasIssued(parts) || Boolean(fields.previous_response_id),
      asksUsage: true, // its last event always has it
      ...(fields.service_tier && { tier: fields.service_tier }),
      ...(fields.previous_response_id && { previous: fields.previous_response_id }),
      json,
      raw,
      members,
    }
  },
  bodyFor: (request, change) => {
    const values = defaultsFor(request, change)
    if (change.model !== request.model) values.set('model', JSON.stringify(change.model))
    if (change.outputCap !== undefined && request.outputCap === undefined)
      values.set('max_output_tokens', `${change.outputCap}`)
    return withMembers(request.raw, request.members, values)
  },
  usageOf: (answer) => openaiUsage(objectOf(answer)?.['usage'], objectOf(answer)?.['service_tier']),
  modelOf: (answer) => wordOf(objectOf(answer)?.['model']),
  failureOf: responseFailure,
  saidIn: saidInResponse,
  listener: () => new ResponseListener(),
  stream: () => new OpenaiResponsesStream(),
  keepAlive: ': keep-alive\n\n',
  errorBody: (error) => JSON.stringify(openaiError(error)),
  errorEvent: ({ code, message }) =>
    `event: error\ndata: ${JSON.stringify({ type: 'error', code, message, param: null, sequence_number: 0 })}\n\n`,
}

/** A response tells its own failure by its status, in a 200. */
function responseFailure(answer: unknown, status: number): ProviderFailure | undefined {
  const failure = failureOf(answer, status, 'output')
  if (failure || objectOf(answer)?.['status'] !== 'failed') return failure
  return failureIn('the response has failed, and says no reason')
}

/** What the client runs itself; every other type of tool runs at the provider. */
const ownTools: ReadonlySet<string> = new Set([
  'function',
  'custom',
  'namespace',
  'local_shell',
  'apply_patch',
  'computer',
  'computer_use_preview',
])

const refused: Readonly<Record<string, string>> = {
  background: 'an answer is given in its own request',
  context_management: 'a compacted context could not be read again by anybody else',
  conversation: 'a conversation that the provider keeps belongs to no tenant here; previous_response_id does',
  prompt: 'a prompt that the provider keeps has no version here',
}

function refuseHosted(json: JsonObject): void {
  for (const [field, why] of Object.entries(refused))
    if (json[field] !== undefined && json[field] !== null && json[field] !== false) refuse(field, why)
  refuseTools(json['tools'], 'tools')
  // Items of the conversation can offer tools too, and ask for what the whole request may not.
  for (const [i, item] of objectsOf(json['input']).entries()) {
    if (item['type'] === 'compaction_trigger') refuse(`input.${i}.type`, refused['context_management'] ?? '')
    refuseTools(item['tools'], `input.${i}.tools`)
  }
}

function refuseTools(tools: unknown, path: string): void {
  for (const [i, tool] of objectsOf(tools).entries()) {
    const type = textOf(tool['type']) ?? 'function'
    const isHosted = !ownTools.has(type) && !(type === 'shell' && objectOf(tool['environment'])?.['type'] === 'local')
    if (isHosted) refuse(`${path}.${i}.type`, `${type.slice(0, 60)} runs at the provider, out of reach of the policy`)
  }
}

function refuse(field: string, why: string): never {
  throw new MillraceError('model/refused-field', { dialect: name, field, why })
}
