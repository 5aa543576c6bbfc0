import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, digestOf, type Json } from './json.ts'

const json = fc.jsonValue({ noUnicodeString: false }).map((value) => value as Json) // fast-check's own type of JSON
const wellFormed = (value: Json): boolean =>
  JSON.stringify(value).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(value))

/** The same value, its keys in the reverse order. */
function reversed(value: Json): Json {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(reversed)
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, inner === undefined ? inner : reversed(inner)]),
  )
}

test('the digest is of the content: the order of keys does not count, a changed value does', () => {
  fc.assert(
    fc.property(json.filter(wellFormed), json.filter(wellFormed), (a, b) => {
      expect(digestOf(reversed(a))).toBe(digestOf(a))
      expect(digestOf([a]) === digestOf([b])).toBe(canonicalJson(a) === canonicalJson(b))
      expect(JSON.parse(canonicalJson(a))).toEqual(JSON.parse(JSON.stringify(a)))
    }),
  )
})

test.each([
  [{ b: 1, a: [1.0, 1e21, 0.000001] }, '{"a":[1,1e+21,0.000001],"b":1}'],
  [{ '\u20ac': 1, '\r': 2, '1': 3, '\ud83d\ude00': 4 }, '{"\\r":2,"1":3,"€":1,"😀":4}'],
  [{ a: undefined, b: null }, '{"b":null}'],
] as const)('RFC 8785: %j', (value, text) => {
  expect(canonicalJson(value)).toBe(text)
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800', 1n, undefined])('%s has no canonical form', (value) => {
  expect(() => canonicalJson(value as Json)).toThrow() // what untyped code could pass
})
