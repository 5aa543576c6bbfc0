import fc from 'fast-check'
import { expect, test } from 'vitest'
import { duplicateIn, membersOf, withMembers } from './json-members.ts'

const set = (text: string, values: Record<string, string>): string => {
  const bytes = Buffer.from(text)
  return withMembers(bytes, membersOf(bytes), new Map(Object.entries(values))).toString()
}

test('a value is replaced where it stands, and nothing else of the text changes', () => {
  const text = ' { "a" : 12345678901234567890 ,"model":"x\\"}",\n"b":[1.0,{"model":"inner"}],"ü":"🙂"} '
  expect(set(text, { model: '"y"' })).toBe(text.replace('"x\\"}"', '"y"'))
})

test('a member that is missing is put in front, in an empty object too', () => {
  expect(set('{"a":1}', { b: '2' })).toBe('{"b":2,"a":1}')
  expect(set('{ }', { b: '2' })).toBe('{"b":2 }')
  expect(set('{"b":null}', { b: '2' })).toBe('{"b":2}')
})

test('a key written with escapes is the same key: it cannot hide from the gateway and be read by the provider', () => {
  expect(set(String.raw`{"mod\u0065l":"x"}`, { model: '"y"' })).toBe(String.raw`{"mod\u0065l":"y"}`)
  const twice = Buffer.from(String.raw`{"max_tokens":1,"max\u005ftokens":9}`)
  expect(duplicateIn(membersOf(twice))).toBe('max_tokens')
})

test('for any object and any spacing: the set member has its value, all others theirs', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ noUnicodeString: false })),
      fc.string({ unit: 'binary' }),
      fc.jsonValue({ noUnicodeString: false }),
      fc.constantFrom(0, 1, '\t'),
      (object, key, value, space) => {
        if (key === '__proto__' || Object.hasOwn(object, '__proto__')) return
        const text = Buffer.from(JSON.stringify(object, null, space))
        const members = membersOf(text)
        const seen = Object.fromEntries(
          members.map((m) => [m.key, JSON.parse(text.toString('utf8', m.valueStart, m.valueEnd)) as unknown]),
        )
        expect(seen).toEqual(JSON.parse(text.toString()))
        const out = withMembers(text, members, new Map([[key, JSON.stringify(value)]]))
        expect(JSON.parse(out.toString())).toEqual({
          ...(JSON.parse(text.toString()) as object),
          [key]: JSON.parse(JSON.stringify(value)) as unknown,
        })
      },
    ),
    { numRuns: 500 },
  )
})

test('deep nesting costs no stack', () => {
  const text = Buffer.from(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)},"b":1}`)
  expect(membersOf(text).map(({ key }) => key)).toEqual(['a', 'b'])
})
