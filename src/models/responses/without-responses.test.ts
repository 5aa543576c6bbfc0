import { expect, test } from 'vitest'
import { WithoutResponses } from './without-responses.ts'

const said = (status: number, body: unknown) => ({
  status,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
})

test.each<[string, ReturnType<typeof said>, boolean]>([
  ['vLLM without the address', said(404, { detail: 'Not Found' }), true],
  ['llama.cpp', said(404, { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } }), true],
  ['a server in Go', said(404, '404 page not found'), true],
  ['a method that is not allowed', said(405, ''), true],
  ['not implemented', said(501, '<html>'), true],
  ['vLLM without the model', said(404, { error: { message: 'The model `x` does not exist.', param: 'model' } }), false],
  ['OpenAI without the model', said(404, { error: { message: 'no', code: 'model_not_found' } }), false],
  ['a response that is not there', said(404, { error: { message: "Response with id 'resp_1' not found." } }), false],
  ['a request that is refused', said(400, { error: { message: 'no' } }), false],
  ['a server that is down', said(503, ''), false],
])('%s', (_, one, lacks) => {
  const without = new WithoutResponses(() => 0)
  expect(without.hear('v1', one)).toBe(lacks)
  expect([without.has('v1'), without.has('v2')]).toEqual([lacks, false])
})

test('a server is asked again after an hour', () => {
  let now = 0
  const without = new WithoutResponses(() => now)
  without.hear('v1', said(405, ''))
  now = 3_599_999
  expect(without.has('v1')).toBe(true)
  now = 3_600_000
  expect(without.has('v1')).toBe(false)
})
