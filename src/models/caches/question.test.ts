import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keysOf } from './question.ts'
import { type Asked, questionOf } from './testing.ts'

const keyOf = (raw: string, over: Asked = {}): string => {
  const keys = keysOf(questionOf('', { raw, ...over }), undefined)
  return typeof keys === 'string' ? keys : keys.key.toString('hex')
}
const body = { model: 'chat', messages: [{ role: 'user', content: 'Hi' }] }
const value = fc.jsonValue({ maxDepth: 3 })
const fields = fc.dictionary(fc.stringMatching(/^x[a-z]{1,6}$/), value, { maxKeys: 5 })

test('a key does not depend on the order of keys, white space or escapes; it does on every field that is not known to shape nothing', () => {
  fc.assert(
    fc.property(fields, fields, (some, others) => {
      const one = { ...body, ...some }
      const turned = Object.fromEntries(Object.entries(one).toReversed())
      const key = keyOf(JSON.stringify(one))
      fc.pre(/^[0-9a-f]{64}$/.test(key))
      expect(keyOf(JSON.stringify(turned, undefined, 3))).toBe(key)
      expect(keyOf(JSON.stringify({ ...one, user: 'anna', metadata: { a: '1' } }))).toBe(key)
      const other = JSON.stringify({ ...body, ...others })
      if (keyOf(other) === key) expect(JSON.parse(other)).toEqual(JSON.parse(JSON.stringify(one)))
    }),
  )
  expect(keyOf(JSON.stringify(body).replace('Hi', String.raw`\u0048i`))).toBe(keyOf(JSON.stringify(body)))
  expect(keyOf(JSON.stringify({ ...body, messages: [...body.messages, ...body.messages] }))).not.toBe(
    keyOf(JSON.stringify(body)),
  )
})

test('a colon, a quote or a brace within a text is no member', () => {
  for (const text of [':', '":"', '\\":', '{"a":1,"a":2}', '\\\\', '\\'])
    expect(keyOf(JSON.stringify({ ...body, messages: [{ role: 'user', content: text }] }))).toMatch(/^[0-9a-f]{64}$/)
})
