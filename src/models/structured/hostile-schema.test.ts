import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../dialects/unknown-json.ts'
import { checkOfSchema } from './schema-check.ts'

const words = (text: string): fc.Arbitrary<string> => fc.constantFrom(...text.split(' '))
const keywords = words(
  'type enum const required minimum multipleOf pattern format $ref $id $anchor $dynamicRef $dynamicAnchor $schema $vocabulary uniqueItems maxLength nullable default id __proto__ constructor $data $async discriminator unevaluatedItems',
)
const scalar = fc.oneof(
  words("object string # #/$defs/a https://example.test/x ^(a|a)*$ ( date-time '];process.exit();// `${1}`"),
  fc.constantFrom('\u2028', 'http://json-schema.org/draft-07/schema#'),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
const most = { maxKeys: 2, noNullPrototype: true } as const

function schemaOf(depth: number): fc.Arbitrary<JsonObject> {
  const plain = fc.dictionary(keywords, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), most)
  if (depth === 0) return plain
  const inner = schemaOf(depth - 1)
  const one = fc.dictionary(words('items not if then additionalProperties contains propertyNames'), inner, most)
  const lists = words('allOf anyOf oneOf prefixItems items')
  const maps = words('properties $defs definitions patternProperties dependentSchemas')
  const several = fc.dictionary(lists, fc.array(inner, { maxLength: 2 }), most)
  const named = fc.dictionary(maps, fc.dictionary(words('a __proto__ ";x'), inner, most), most)
  return fc.tuple(plain, one, several, named).map(([a, b, c, d]) => ({ ...a, ...b, ...c, ...d }))
}

test('no schema and no answer ends in anything but a verdict', () => {
  const kinds = new Set<string>()
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 }).chain(schemaOf), fc.jsonValue(), (made, value) => {
      const schema = JSON.parse(JSON.stringify(made)) as JsonObject // as a client's body has it
      const check = checkOfSchema(schema)
      kinds.add(check.kind)
      if (check.kind === 'unusable') expect(check.why).not.toBe('')
      else for (const { says } of check.misfits(value)) expect(says).toEqual(expect.any(String))
    }),
    { numRuns: 300 },
  )
  expect(kinds).toEqual(new Set(['usable', 'unusable']))
  expect(Object.keys(Object.prototype)).toEqual([]) // nobody has written into what every object inherits
})
