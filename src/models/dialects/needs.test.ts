import { expect, test } from 'vitest'
import type { DialectName } from './dialect.ts'
import { dialects } from './dialects.ts'
import { needsOf } from './needs.ts'

const ask = (content: unknown): object => ({ messages: [{ role: 'user', content }] })
const tool = { type: 'function', function: { name: 'look' } }

// A need that is overlooked sends a picture to a model that takes none; one that is made up keeps a call from the only model there is.
test.each<[DialectName, object, readonly string[]]>([
  ['openai-chat', ask('Hi'), []],
  ['openai-chat', { ...ask('Hi'), tools: [], response_format: { type: 'text' }, stream: false }, []],
  ['openai-chat', { ...ask('Hi'), tools: [tool] }, ['tools']],
  ['openai-chat', ask([{ type: 'image_url', image_url: { url: 'data:,' } }]), ['images']],
  ['openai-chat', ask([{ type: 'file', file: { file_id: 'x' } }]), ['documents']],
  [
    'openai-chat',
    { ...ask('Hi'), response_format: { type: 'json_object' }, stream: true },
    ['structured-output', 'streaming'],
  ],
  [
    'openai-responses',
    { input: 'Hi', text: { format: { type: 'json_schema', name: 'x', schema: {} } } },
    ['structured-output'],
  ],
  [
    'openai-responses',
    { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:,' }] }] },
    ['images'],
  ],
  ['anthropic-messages', ask([{ type: 'document', source: { type: 'text', data: 'x' } }]), ['documents']],
  ['anthropic-messages', ask([{ type: 'tool_result', content: [{ type: 'image', source: {} }] }]), ['images']],
  [
    'anthropic-messages',
    { ...ask('Hi'), output_config: { format: { type: 'json_schema', schema: {} } } },
    ['structured-output'],
  ],
  ['openai-embeddings', { input: 'Hi' }, ['embeddings']],
])('%s %j needs %j', (dialect, body, needs) => {
  const request = dialects[dialect].read(Buffer.from(JSON.stringify({ model: 'm', max_tokens: 5, ...body })))
  expect(needsOf(request)).toEqual(needs)
})
