import { expect, test } from 'vitest'
import type { DialectName, ModelRequest } from '../dialects/dialect.ts'
import { dialects } from '../dialects/dialects.ts'
import type { Said } from '../dialects/said.ts'
import { checkOf, unmet } from './check-of.ts'

const person = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
  required: ['name', 'age'],
  additionalProperties: false,
}
const read = (dialect: DialectName, more: object): ModelRequest =>
  dialects[dialect].read(
    Buffer.from(
      JSON.stringify({
        model: 'm',
        ...(dialect === 'openai-responses' ? { input: 'hi' } : { messages: [{ role: 'user', content: 'hi' }] }),
        ...more,
      }),
    ),
  )
const asking = (schema: unknown): ModelRequest =>
  read('openai-chat', { response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } })
const said = (more: Partial<Said>): Said => ({ text: '', refusal: '', calls: [], finish: 'stop', ...more })
const problems = (request: ModelRequest, answer: Partial<Said>) => checkOf(request)?.problemsIn(said(answer))
const call = (args: string, name = 'f') => ({ id: 'c', name, arguments: args })

const strict = { type: 'function', name: 'f', strict: true, parameters: person }
test.each<[string, ModelRequest]>([
  ['chat', asking(person)],
  ['responses', read('openai-responses', { text: { format: { type: 'json_schema', name: 'a', schema: person } } })],
  ['messages', read('anthropic-messages', { output_config: { format: { type: 'json_schema', schema: person } } })],
  ['messages, the older field', read('anthropic-messages', { output_format: { type: 'json_schema', schema: person } })],
])('an answer is held to the schema where %s says it', (_, request) => {
  expect(problems(request, { text: '{"name":"A","age":3}' })).toEqual([])
  expect(problems(request, { text: '{"name":"A","age":-3,"x":1}' })).toEqual([
    { at: '', says: 'must NOT have additional properties: x' },
    { at: '/age', says: 'must be >= 0' },
  ])
  expect(problems(request, { text: 'Sure! {"name"' })).toEqual([{ at: '', says: 'it is no JSON' }])
})

test.each<[string, ModelRequest]>([
  [
    'chat',
    read('openai-chat', { tools: [{ type: 'function', function: { name: 'f', strict: true, parameters: person } }] }),
  ],
  ['responses', read('openai-responses', { tools: [strict] })],
  ['messages', read('anthropic-messages', { tools: [{ name: 'f', strict: true, input_schema: person }] })],
])('a call of a strict tool fits its schema, and any other is JSON: %s', (_, request) => {
  const of = (args: string, name = 'f') => problems(request, { calls: [call(args, name)], finish: 'tool_calls' })
  expect(of('{"name":"A","age":3}')).toEqual([])
  expect(of('{"name":"A"}')).toMatchObject([{ says: "must have required property 'age'", call: { id: 'c' } }])
  expect(of('{"name"')).toMatchObject([{ says: 'the arguments are no JSON' }])
  expect(of('[1]', 'loose')).toMatchObject([{ says: 'the arguments are no JSON object' }])
  expect(of('{"anything":1}', 'loose')).toEqual([])
  expect(of('', 'loose')).toEqual([]) // no arguments at all
  expect(of('', '')).toEqual([]) // a free-form tool
})

test('text beside calls, refusals and cut answers are what they say they are', () => {
  const request = asking(person)
  expect(problems(request, { text: 'Let me look.', calls: [call('{}')], finish: 'tool_calls' })).toEqual([])
  expect(problems(request, { refusal: 'I cannot.' })).toEqual([])
  expect(problems(request, { text: '{"name":"A', finish: 'length' })).toEqual([])
  expect(problems(request, { text: '', finish: 'content_filter' })).toEqual([])
  expect(problems(request, { text: '' })).toHaveLength(1)
})

test('nothing is checked where nothing is asked for, and JSON without a schema is JSON', () => {
  expect(checkOf(read('openai-chat', {}))).toBeUndefined()
  expect(checkOf(read('openai-chat', { response_format: { type: 'text' } }))).toBeUndefined()
  const json = read('openai-chat', { response_format: { type: 'json_object' } })
  expect(problems(json, { text: '{"a":1}' })).toEqual([])
  expect(problems(json, { text: 'a: 1' })).toHaveLength(1)
})

test('a format that the conversation itself sets counts, and the last of them', () => {
  const format = { type: 'json_schema', name: 'a', schema: person }
  const update = (one: object) => ({ type: 'configuration_update', text: { format: one } })
  const request = read('openai-responses', { input: [update({ type: 'text' }), update(format)] })
  expect(problems(request, { text: '{}' })).toHaveLength(2)
  expect(checkOf(read('openai-responses', { text: { format }, input: [update({ type: 'text' })] }))).toBeUndefined()
})

const bad = (schema: unknown): string => {
  try {
    checkOf(asking(schema))
  } catch (error) {
    return (error as Error).message
  }
  return 'usable'
}
let nested: object = {}
for (let i = 0; i < 100; i++) nested = { items: nested }
test.each<[string, unknown, RegExp]>([
  ['no object', 'string', /response_format\.json_schema\.schema.*no JSON object/],
  ['an unknown type', { properties: { age: { type: 'number?' } } }, /\/properties\/age\/type/],
  ['a reference elsewhere', { $ref: 'https://example.test/schema' }, /can't resolve reference/],
  ['a broken pattern', { pattern: '(' }, /regular expression/],
  ['a schema that ajv would answer with a promise', { $async: true, type: 'object' }, /\$async/],
  ['the same by another true value', { allOf: [{ $async: 'yes', const: 1 }] }, /\$async/],
  ['too deep', nested, /levels deep/],
  ['too large', { enum: Array.from({ length: 30_000 }, (_, i) => i) }, /more than 20000 values/],
])('a schema that cannot be used is the client’s error, before anything is sent: %s', (_, schema, says) => {
  expect(bad(schema)).toMatch(says)
})

test('a pattern that backtracks for ever, and a schema without end, are ended and told', () => {
  const slow = asking({ type: 'string', pattern: '^(a+)+$' })
  expect(problems(slow, { text: JSON.stringify(`${'a'.repeat(50)}b`) })).toMatchObject([{ says: /takes too long/ }])
  expect(problems(slow, { text: '"aaa"' })).toEqual([])
  expect(problems(asking({ $ref: '#' }), { text: '{}' })).toMatchObject([{ says: /does not end/ }])
})

test('what every object inherits is not taken for its own', () => {
  const request = asking({ type: 'object', required: ['toString'] })
  expect(problems(request, { text: '{}' })).toHaveLength(1)
  expect(problems(request, { text: '{"toString":1}' })).toEqual([])
})

test('schemas of both drafts are read, refer to themselves, and know formats', () => {
  const tree = { $defs: { n: { type: 'object', properties: { to: { $ref: '#/$defs/n' } } } }, $ref: '#/$defs/n' }
  expect(problems(asking(tree), { text: '{"to":{"to":5}}' })).toMatchObject([{ at: '/to/to' }])
  const older = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    definitions: { d: { type: 'string', format: 'date' } },
    type: 'array',
    items: [{ $ref: '#/definitions/d' }],
  }
  expect(problems(asking(older), { text: '["2024-02-31"]' })).toMatchObject([{ at: '/0' }])
  const { $schema: _, ...unnamed } = older
  expect(problems(asking(unnamed), { text: '["2024-02-28"]' })).toEqual([])
  expect(problems(asking({ type: 'string', format: 'of-our-own' }), { text: '"a"' })).toEqual([])
})

test('a schema that nothing can meet is told as the answer’s failure, once the model has answered', () => {
  const never = asking({ type: 'object', properties: { a: { enum: ['x'], type: 'number' } }, required: ['a'] })
  const found = problems(never, { text: '{"a":"x"}' }) ?? []
  expect(unmet(found)).toMatchObject({ code: 'model/unmet-schema', status: 502, retry: 'never' })
  expect(unmet(found).message).toContain('the answer at /a: must be number')
})
