import { expect, test } from 'vitest'
import { anthropicMessages } from './anthropic-messages.ts'
import { estimateTokens } from './token-estimate.ts'

const estimated = (content: unknown, more: object = {}): number =>
  estimateTokens(
    anthropicMessages.read(Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], ...more }))),
  )

test('prose, and scripts of other letters, come near to what tokenizers count', () => {
  const prose = 'The invoice of last month was paid twice, and the customer asks for the second amount back. '.repeat(
    20,
  )
  expect(estimated(prose) / (20 * 19)).toBeGreaterThan(0.8) // 19 tokens a sentence in cl100k
  expect(estimated(prose) / (20 * 19)).toBeLessThan(1.5) // who goes by it leaves room
  expect(estimated('請求書は先月二回支払われました')).toBeGreaterThan(8)
})

test('a picture is not counted by its bytes, nor a file by its base64', () => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(1_000_000) } }
  expect(estimated([image])).toBeLessThan(2000)
  const document = {
    type: 'document',
    source: { type: 'base64', media_type: 'application/pdf', data: 'A'.repeat(400_000) },
  }
  expect(estimated([document])).toBeGreaterThan(9000)
  expect(estimated([document])).toBeLessThan(11_000)
  const text = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'word '.repeat(100) } }
  expect(estimated([text])).toBeLessThan(200)
})

test('tools and the system’s words count too, settings do not, and nesting takes no stack', () => {
  const tools = [{ name: 'look', description: 'Looks an order up.', input_schema: { type: 'object' } }]
  expect(estimated('hi', { tools })).toBeGreaterThan(estimated('hi') + 300)
  expect(estimated('hi', { system: 'Be brief and kind.' })).toBeGreaterThan(estimated('hi'))
  expect(estimated('hi', { max_tokens: 100, temperature: 1, metadata: { user_id: 'a'.repeat(999) } })).toBe(
    estimated('hi'),
  )
  const deep = `${'['.repeat(20_000)}"a"${']'.repeat(20_000)}`
  const raw = Buffer.from(`{"model":"m","messages":[{"role":"user","content":${deep}}]}`)
  expect(estimateTokens(anthropicMessages.read(raw))).toBeGreaterThan(0)
})
