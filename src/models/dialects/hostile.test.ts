import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { chatOverMessages, messagesOverChat } from './adapters/adapters.ts'
import { chatFields } from './adapters/chat-to-messages.ts'
import { messageFields } from './adapters/messages-to-chat.ts'
import type { DialectName } from './dialect.ts'
import { dialects } from './dialects.ts'
import { framesOf } from './testing.ts'

// Whatever a client sends is answered or refused as its own fault, and whatever a provider sends is heard: nothing throws a TypeError.

const names = Object.keys(dialects) as DialectName[]
const fields = [
  ...new Set([...Object.keys(chatFields), ...Object.keys(messageFields), 'input', 'previous_response_id']),
]
const words = [
  'user',
  'assistant',
  'system',
  'tool',
  'text',
  'image_url',
  'image',
  'file',
  'document',
  'tool_use',
  'tool_result',
]
const keys = [
  'role',
  'content',
  'type',
  'text',
  'tool_calls',
  'function',
  'arguments',
  'name',
  'source',
  'image_url',
  'url',
  'id',
]

/** JSON with the words and keys of the dialects in the wrong places. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...words, null, true, 0, -1, 1.5, '', '{}', '{"a":'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 4 }),
  ),
}))
const said = fc.array(fc.record({ role: fc.constantFrom(...words), content: value, tool_calls: value }), {
  minLength: 1,
})
const body = fc
  .record({ messages: said, more: fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 3 }) })
  .map(({ messages, more }) => JSON.stringify({ model: 'm', messages, input: 'a', ...more }))

/** What it throws is the caller's fault, and says so. */
function onlyRefuses(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!isMillraceError(error)) throw error
    expect(error.status).toBe(400)
  }
}

test('a body of any shape is read, carried over, or refused with 400', () => {
  fc.assert(
    fc.property(fc.oneof(body, fc.json(), fc.string()), (text) => {
      for (const name of names)
        onlyRefuses(() => {
          const request = dialects[name].read(Buffer.from(text))
          expect(Number.isSafeInteger(request.inputBound)).toBe(true)
          const change = { model: 'other "model"', outputCap: 5, includeUsage: true }
          const sent = JSON.parse(dialects[name].bodyFor(request, change).toString()) as Record<string, unknown>
          expect(sent['model']).toBe(change.model)
        })
      for (const adapter of [chatOverMessages, messagesOverChat])
        for (const mayDrop of ['all', new Set<string>()] as const)
          onlyRefuses(() => {
            const request = dialects[adapter.from].read(Buffer.from(text))
            JSON.parse(adapter.request(request, mayDrop).body.toString())
          })
    }),
    { numRuns: 2000 },
  )
})

test('nesting without end is refused, or passed on as it is: no stack overflows', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const call = { function: { name: 'f', arguments: deep } }
  const bodies = [
    `{"model":"m","messages":[{"role":"user","content":${deep}}]}`,
    `{"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{"name":"f","input_schema":{"a":${deep}}}]}`,
    `{"model":"m","messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"a":${deep}}}]}]}`,
    JSON.stringify({ model: 'm', messages: [{ role: 'assistant', tool_calls: [call] }] }),
  ]
  for (const text of bodies) {
    const request = dialects['openai-chat'].read(Buffer.from(text))
    expect(dialects['openai-chat'].bodyFor(request, { model: 'n' }).length).toBe(text.length)
    for (const adapter of [chatOverMessages, messagesOverChat]) onlyRefuses(() => void adapter.request(request, 'all'))
  }
  const answer = Buffer.from(`{"id":"m","content":[{"type":"tool_use","name":"f","input":{"a":${deep}}}]}`)
  expect(() => chatOverMessages.answer(answer, { created: 1, asksUsage: false })).toThrow('nested')
})

const eventTypes = [
  'message_start',
  'content_block_start',
  'content_block_delta',
  'message_delta',
  'message_stop',
  'error',
]
const eventKeys = [
  'type',
  'message',
  'delta',
  'content_block',
  'usage',
  'choices',
  'tool_calls',
  'index',
  'error',
  'response',
]
const { told } = fc.letrec<{ told: unknown }>((tie) => ({
  told: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(...eventTypes, 'response.completed', 'response.failed', 'tool_use', 'text', null, 0, -1, 2.5, ''),
    fc.array(tie('told'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom(...eventKeys), tie('told'), { maxKeys: 4 }),
  ),
}))
const stream = fc
  .array(
    fc.oneof(
      told.map((event) => `data: ${JSON.stringify(event)}`),
      fc.constantFrom(': ping', 'data: [DONE]', 'data: {'),
    ),
    {
      maxLength: 8,
    },
  )
  .map((lines) => lines.map((line) => `${line}\n\n`).join(''))

test('a provider may say anything: it is heard, and never taken for complete with a failure in it', () => {
  fc.assert(
    fc.property(stream, (text) => {
      for (const name of names) {
        const reader = dialects[name].stream({ hidesUsage: true })
        const listener = dialects[name].listener()
        for (const frame of framesOf(text)) {
          reader.hear(frame)
          listener?.listen(frame)
        }
        expect(typeof (listener?.said.text ?? '')).toBe('string')
        expect([true, false]).toContain(reader.isComplete)
        for (const count of Object.values(reader.usage ?? {}))
          if (typeof count === 'number') expect(count).toBeGreaterThanOrEqual(0)
      }
      for (const adapter of [chatOverMessages, messagesOverChat]) {
        const carried = adapter.stream({ created: 1, asksUsage: true })
        try {
          for (const frame of framesOf(text)) carried.carry(frame)
        } catch (error) {
          if (!isMillraceError(error, 'model/malformed-answer')) throw error
        }
      }
    }),
    { numRuns: 2000 },
  )
})

test('an answer in one piece may be anything too', () => {
  fc.assert(
    fc.property(fc.oneof(told, value, fc.jsonValue()), (answer) => {
      for (const name of names) {
        dialects[name].usageOf(answer)
        dialects[name].modelOf(answer)
        dialects[name].saidIn(answer)
        for (const status of [200, 400, 503]) {
          const failure = dialects[name].failureOf(answer, status)
          if (status >= 400) expect(failure?.status).toBe(status)
        }
      }
      for (const adapter of [chatOverMessages, messagesOverChat])
        try {
          adapter.answer(Buffer.from(JSON.stringify(answer)), { created: 1, asksUsage: false })
        } catch (error) {
          if (!isMillraceError(error, 'model/malformed-answer')) throw error
        }
    }),
    { numRuns: 2000 },
  )
})
