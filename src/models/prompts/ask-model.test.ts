import { expect, test } from 'vitest'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { mainTenant } from '../../core/ids.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import { ManualClock } from '../providers/manual-clock.ts'
import { type Asked, askPrompt, askVectors, type ModelCalls } from './ask-model.ts'
import type { RenderedPrompt } from './render-prompt.ts'

// What becomes of a call's answer. The gateway itself, with a real upstream, is asked in server/model-steps.test.ts.

type Answered = Awaited<ReturnType<ModelCalls['call']>>
const answer = (json: unknown, status = 200, headers: Record<string, string> = {}): Answered => ({
  status,
  headers,
  body: Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)),
})
const chat = (content: string | null, more: object = {}, finish = 'stop'): Answered =>
  answer({ choices: [{ message: { role: 'assistant', content, ...more }, finish_reason: finish }] })
const vectorsOf = (...data: unknown[]): Answered => answer({ data })

const question = (signal = new AbortController().signal) => ({
  route: 'writer',
  name: 'draft',
  caller: { tenant: mainTenant, budgets: [], dataClass: 'internal' as const, priority: 1 as const, facts: {} },
  clock: new ManualClock(),
  signal,
})
const rendered = (format: RenderedPrompt['format'], schema: RenderedPrompt['schema'] = {}): RenderedPrompt => ({
  messages: [{ role: 'user', content: 'Hello' }],
  parameters: { temperature: 0, stopSequences: ['END'], seed: 7, topP: 0.5 },
  format,
  schema,
})
const giving = (given: Answered | Error): ModelCalls => ({
  call: () => (given instanceof Error ? Promise.reject(given) : Promise.resolve(given)),
})
const endOf = (asked: Asked<unknown>): unknown =>
  'value' in asked ? asked.value : [asked.failure.code, asked.isFinal, asked.retryAfter]

test.each<[string, Answered | Error, 'text' | 'json', unknown]>([
  ['a text', chat(' Dear Ada. '), 'text', { text: 'Dear Ada.' }],
  ['JSON', chat('{"a":1}'), 'json', { a: 1 }],
  ['no JSON', chat('Here it is: {"a":1}'), 'json', ['model/answer-unfit', false, undefined]],
  ['nothing', chat(''), 'text', ['model/answer-unfit', false, undefined]],
  ['a tool call instead', chat(null), 'text', ['model/answer-unfit', false, undefined]],
  ['a refusal', chat(null, { refusal: 'No.' }), 'text', ['model/answer-withheld', true, undefined]],
  ['what a filter held back', chat('Dear', {}, 'content_filter'), 'text', ['model/answer-withheld', true, undefined]],
  ['half an answer', chat('{"a":', {}, 'length'), 'json', ['model/answer-cut', true, undefined]],
  ['something else than a chat', answer('<html>'), 'text', ['model/answer-unfit', false, undefined]],
  [
    'a refused request',
    answer({ error: { code: 'too_long' } }, 400),
    'text',
    ['model/question-refused', true, undefined],
  ],
  ['no room', answer({}, 429, { 'retry-after': '90' }), 'text', ['model/upstream-status', false, 90_000]],
  ['a conflict', answer({}, 409), 'text', ['model/upstream-status', false, undefined]],
  ['an outage', answer('', 503), 'text', ['model/upstream-status', false, undefined]],
  [
    'keys that rest',
    new MillraceError('model/keys-resting', { target: 'x', seconds: 20 }),
    'text',
    ['model/keys-resting', false, 20_000],
  ],
  [
    'no key',
    new MillraceError('model/no-key', { target: 'x', sources: 'env X' }),
    'text',
    ['model/no-key', true, undefined],
  ],
  [
    'a spent budget: it ends by itself at midnight',
    new MillraceError('cost/over-budget', { budget: 'b', period: 'p', worst: '1 EUR' }),
    'text',
    ['cost/over-budget', false, undefined],
  ],
])('%s', async (_what, given, format, end) => {
  expect(endOf(await askPrompt(giving(given), rendered(format), question()))).toEqual(end)
})

test('a mistake of this program, and an abort, are no answer of a model', async () => {
  await expect(askPrompt(giving(new TypeError('oops')), rendered('text'), question())).rejects.toThrow('oops')
  const gone = new MillraceError('model/upstream-aborted', { target: 'x' })
  await expect(askPrompt(giving(gone), rendered('text'), question(AbortSignal.abort()))).rejects.toThrow(gone)
})

test('parameters stand in the request; strict mode is asked for where the schema allows it alone', async () => {
  const asked: ModelRequest[] = []
  const calls: ModelCalls = {
    call: async (request) => {
      asked.push(request)
      return chat('{}')
    },
  }
  const closed = {
    type: 'object',
    properties: { pii: { type: 'string', pii: 'name', minLength: 1 } },
    required: ['pii'],
  }
  await askPrompt(calls, rendered('json', { ...closed, additionalProperties: false }), question())
  await askPrompt(calls, rendered('json', { ...closed, required: [], additionalProperties: false }), question())
  await askPrompt(calls, rendered('text'), question())
  const [strict, loose, text] = asked.map(({ json }) => json)
  expect(strict).toMatchObject({ model: 'writer', temperature: 0, stop: ['END'], seed: 7, top_p: 0.5 })
  const sent = {
    type: 'object',
    properties: { pii: { type: 'string' } },
    required: ['pii'],
    additionalProperties: false,
  }
  expect(strict?.['response_format']).toEqual({
    type: 'json_schema',
    json_schema: { name: 'draft', strict: true, schema: sent }, // a property may be called as a label is
  })
  expect(loose?.['response_format']).toMatchObject({ json_schema: { strict: false } })
  expect(text).not.toHaveProperty('response_format')
})

test('a rendering has its digest beside it in the record', async () => {
  const [one, same] = await Promise.all([1, 2].map(() => askPrompt(giving(chat('x')), rendered('text'), question())))
  expect(one?.record).toMatchObject({ prompt: { messages: [{ role: 'user', content: 'Hello' }] } })
  expect(one?.record).toEqual(same?.record)
})

test.each<[string, Answered, unknown]>([
  [
    'in another order',
    vectorsOf({ index: 1, embedding: [2, 2] }, { index: 0, embedding: [1, 1] }),
    [
      [1, 1],
      [2, 2],
    ],
  ],
  ['without their places', vectorsOf({ embedding: [1] }, { embedding: [2] }), [[1], [2]]],
  ['one too few', vectorsOf({ index: 0, embedding: [1] }), 'unfit'],
  ['one twice', vectorsOf({ index: 0, embedding: [1] }, { index: 0, embedding: [2] }), 'unfit'],
  ['of different lengths', vectorsOf({ index: 0, embedding: [1] }, { index: 1, embedding: [1, 2] }), 'unfit'],
  ['as text', vectorsOf({ index: 0, embedding: 'AAAA' }, { index: 1, embedding: 'AAAA' }), 'unfit'],
  ['beyond the texts', vectorsOf({ index: 0, embedding: [1] }, { index: 9, embedding: [2] }), 'unfit'],
])('vectors %s', async (_what, given, end) => {
  const got = endOf(await askVectors(giving(given), ['a', 'b'], question()))
  expect(got).toEqual(end === 'unfit' ? ['model/answer-unfit', false, undefined] : end)
})
