import type { Usage } from '../cost/usage.ts'

/** What a scripted upstream says to one request, in the shape of the dialect that its path names. */
export interface ScriptedAnswer {
  readonly json: unknown
  /** Frames of server-sent events, each with its blank line. */
  readonly events: readonly string[]
  readonly error: unknown
  readonly errorEvent: string
}

export interface Asked {
  readonly path: string
  readonly model: string
  readonly input: unknown
  readonly includeUsage: boolean
  readonly encoding: string | undefined
}

interface Said {
  readonly words: readonly string[]
  readonly usage: Usage
}

const made = 1_790_000_000

export function answerTo(asked: Asked, said: Said): ScriptedAnswer {
  if (asked.path.endsWith('/messages')) return anthropic(asked, said)
  if (asked.path.endsWith('/count_tokens'))
    return { ...anthropic(asked, said), json: { input_tokens: said.usage.input } }
  if (asked.path.endsWith('/responses')) return responses(asked, said)
  if (asked.path.endsWith('/embeddings')) return embeddings(asked, said)
  return chat(asked, said)
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const named = (value: { readonly type: string; readonly [field: string]: unknown }): string =>
  `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`
const openAiError = { error: { message: 'The engine is overloaded.', type: 'server_error', param: null, code: null } }

function chat({ model, includeUsage }: Asked, { words, usage }: Said): ScriptedAnswer {
  const counted = {
    prompt_tokens: usage.input + usage.cacheRead + usage.cacheWrite + usage.cacheWriteLong,
    completion_tokens: usage.output + usage.reasoning,
    total_tokens:
      usage.input + usage.cacheRead + usage.cacheWrite + usage.cacheWriteLong + usage.output + usage.reasoning,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  }
  const head = { id: 'chatcmpl-scripted', created: made, model }
  const chunk = (delta: object, finish: string | null): string =>
    data({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }],
      ...(includeUsage && { usage: null }),
    })
  const message = { role: 'assistant', content: words.join(''), refusal: null }
  return {
    json: {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'stop', logprobs: null }],
      usage: counted,
    },
    events: [
      chunk({ role: 'assistant', content: '' }, null),
      ...words.map((content) => chunk({ content }, null)),
      chunk({}, 'stop'),
      ...(includeUsage ? [data({ ...head, object: 'chat.completion.chunk', choices: [], usage: counted })] : []),
      'data: [DONE]\n\n',
    ],
    error: openAiError,
    errorEvent: data(openAiError),
  }
}

function anthropic({ model }: Asked, { words, usage }: Said): ScriptedAnswer {
  const read = {
    input_tokens: usage.input,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation_input_tokens: usage.cacheWrite + usage.cacheWriteLong,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite, ephemeral_1h_input_tokens: usage.cacheWriteLong },
  }
  const whole = { ...read, output_tokens: usage.output + usage.reasoning }
  const head = { id: 'msg_scripted', type: 'message', role: 'assistant', model, stop_sequence: null }
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
  const begun = { ...head, content: [], stop_reason: null, usage: { ...read, output_tokens: 1 } }
  return {
    json: { ...head, content: [{ type: 'text', text: words.join('') }], stop_reason: 'end_turn', usage: whole },
    events: [
      { type: 'message_start', message: begun },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'ping' },
      ...words.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: whole.output_tokens },
      },
      { type: 'message_stop' },
    ].map((event) => named(event)),
    error,
    errorEvent: named(error),
  }
}

function responses({ model }: Asked, { words, usage }: Said): ScriptedAnswer {
  const input = usage.input + usage.cacheRead + usage.cacheWrite + usage.cacheWriteLong
  const counted = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheRead },
    output_tokens: usage.output + usage.reasoning,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: input + usage.output + usage.reasoning,
  }
  const head = { id: 'resp_scripted', object: 'response', created_at: made, model, error: null, metadata: {} }
  const part = { type: 'output_text', text: words.join(''), annotations: [] }
  const item = { type: 'message', id: 'msg_scripted', role: 'assistant', status: 'completed', content: [part] }
  const whole = { ...head, status: 'completed', output: [item], usage: counted }
  const begun = { ...head, status: 'in_progress', output: [], usage: null }
  const at = { item_id: 'msg_scripted', output_index: 0, content_index: 0 }
  return {
    json: whole,
    events: [
      { type: 'response.created', response: begun },
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { ...item, status: 'in_progress', content: [] },
      },
      { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
      ...words.map((delta) => ({ type: 'response.output_text.delta', ...at, delta })),
      { type: 'response.output_text.done', ...at, text: part.text },
      { type: 'response.content_part.done', ...at, part },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: whole },
    ].map((event, sequence) => named({ ...event, sequence_number: sequence })),
    error: openAiError,
    errorEvent: named({
      type: 'error',
      code: 'server_error',
      message: 'The engine is overloaded.',
      param: null,
    }),
  }
}

function embeddings({ model, input, encoding }: Asked, { usage }: Said): ScriptedAnswer {
  const vector = (text: unknown): number[] => [JSON.stringify(text).length / 1024, 0.5, -0.5, 0.25]
  const written = (values: number[]): unknown =>
    encoding === 'base64' ? Buffer.from(Float32Array.from(values).buffer).toString('base64') : values
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input]
  return {
    json: {
      object: 'list',
      model,
      data: texts.map((text, index) => ({ object: 'embedding', index, embedding: written(vector(text)) })),
      usage: { prompt_tokens: usage.input, total_tokens: usage.input },
    },
    events: [],
    error: openAiError,
    errorEvent: data(openAiError),
  }
}
