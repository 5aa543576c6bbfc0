import { expect, test } from 'vitest'
import { z } from 'zod'
import { dataClassOf } from './labels.ts'
import { describeSchema } from './schema.ts'

const classOf = (schema: z.ZodType): string => dataClassOf(describeSchema(schema))
const named = z.string().meta({ pii: 'name' })

test.each<[string, z.ZodType, string]>([
  ['a text that nobody labelled', z.object({ text: z.string() }), 'special'],
  ['beside others, one', z.object({ a: z.string().meta({ pii: 'none' }), b: z.string() }), 'special'],
  ['a person', z.object({ a: named, n: z.number() }), 'personal'],
  ['a person in a list', z.object({ all: z.array(z.object({ a: named })) }), 'personal'],
  ['a person, perhaps', z.object({ a: named.optional(), b: named.nullable() }), 'personal'],
  ['the label of what holds it', z.object({ a: z.string() }).meta({ pii: 'none' }), 'internal'],
  [
    'a field that says more than what holds it',
    z.object({ a: named, b: z.string() }).meta({ pii: 'none' }),
    'personal',
  ],
  ['illness', z.object({ a: z.string().meta({ pii: 'special' }) }), 'special'],
  ['what everybody knows', z.string().meta({ pii: 'public' }), 'public'],
  ['numbers and fixed answers', z.object({ n: z.number(), k: z.enum(['a', 'b']), f: z.boolean() }), 'internal'],
  ['texts by names that nobody foresaw', z.record(z.string(), z.string()), 'special'],
  ['anything', z.unknown(), 'special'],
  ['one or the other', z.union([named, z.number()]), 'personal'],
])('%s', (_about, schema, expected) => expect(classOf(schema)).toBe(expected))
