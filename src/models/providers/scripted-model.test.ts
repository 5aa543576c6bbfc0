import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ScriptedModel, scriptedDraft } from './scripted-model.ts'

let model: ScriptedModel
let client: OpenAI
beforeAll(async () => {
  model = await ScriptedModel.start({ port: 0, doesInvent: false })
  client = new OpenAI({ baseURL: model.url, apiKey: 'none', maxRetries: 0 })
})
afterAll(() => model.close())

const system = 'Write. Begin with the line "Hello Ana," and end with these two lines:\nKind regards,\nThe cards team'
const fence = 'data-0123456789abcdef'
const user = `A message.\n\nSource [[order-card]]: How?\n<${fence}>\nOpen Cards. Tap Add. Choose. Confirm.\n</${fence}>\n`

test('it drafts from the first source, names it, and says of every answer that no model gave it', async () => {
  const messages = [
    { role: 'system' as const, content: system },
    { role: 'user' as const, content: user },
  ]
  const answer = await client.chat.completions.create({ model: 'x', messages })
  expect([answer.model, answer.choices[0]?.message.content]).toEqual([
    'scripted-demo',
    'Hello Ana,\n\nOpen Cards. Tap Add. Choose. [[order-card]]\n\nKind regards,\nThe cards team',
  ])
  const stream = await client.chat.completions.create({ model: 'x', messages, stream: true })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  expect(text).toBe(answer.choices[0]?.message.content)
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['scripted-demo'])
})

test('without a source it says what it is, and with `--invent` it invents', () => {
  expect(scriptedDraft('', 'Hello', false)).toContain('scripted-demo: no model')
  expect(scriptedDraft(system, user, true)).toContain('£25.00')
})

test('asked for a schema it gives the plainest value that fits', async () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'string' },
      n: { type: 'integer', minimum: 3 },
      k: { enum: ['x', 'y'] },
      l: { type: 'array' },
    },
  }
  const answer = await client.chat.completions.create({
    model: 'x',
    messages: [{ role: 'user', content: 'Hi' }],
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
  })
  expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ a: 'scripted-demo', n: 3, k: 'x', l: [] })
})
