import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Json } from '../core/json.ts'
import { describeSchema } from '../sdk/schema.ts'
import { problemsOf } from './value-check.ts'

const form = z.object({
  to: z.email(),
  text: z.string().min(1).max(12),
  iban: z.string().regex(/^[A-Z]{2}\d{4}$/),
  team: z.enum(['cards', 'fraud']),
  amount: z.number().min(0).multipleOf(0.01),
  on: z.iso.date(),
  tags: z.array(z.string()).max(2),
  note: z.string().nullable(),
  extra: z.string().optional(),
})
const schema = describeSchema(form)
const good = {
  to: 'ada@example.com',
  text: 'Blocked.',
  iban: 'DE1234',
  team: 'cards',
  amount: 1.25,
  on: '2026-11-24',
  tags: ['a'],
  note: null,
}

test('a value that fits, with and without its optional field, has no problem', () => {
  expect(problemsOf(schema, good)).toEqual([])
  expect(problemsOf(schema, { ...good, extra: 'x' })).toEqual([])
})

test.each<[string, Json]>([
  ['to', 'not an address'],
  ['text', ''],
  ['text', 'longer than twelve'],
  ['iban', 'de1234'],
  ['team', 'loans'],
  ['amount', -1],
  ['amount', 1.255],
  ['on', '2026-02-30'],
  ['tags', ['a', 'b', 'c']],
  ['note', 3],
])('every keyword of the form counts in an edit: %s = %j', (field, value) => {
  const problems = problemsOf(schema, { ...good, [field]: value })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(new RegExp(`^${field}: `))
})

test('an argument that the form does not know is refused, not dropped after the person approved it', () => {
  expect(problemsOf(schema, { ...good, bcc: 'eve@example.com' })).toEqual(['Unrecognized key: "bcc"'])
})

test('a missing field with a default is refused: the person would approve less than what runs', () => {
  const withDefault = describeSchema(z.object({ to: z.string(), copies: z.number().default(2) }))
  expect(problemsOf(withDefault, { to: 'a' })).toHaveLength(1)
  expect(problemsOf(withDefault, { to: 'a', copies: 1 })).toEqual([])
})

test('problems never repeat the value: they end in answers and logs', () => {
  const problems = problemsOf(schema, { ...good, to: 'secret-4711', iban: 'secret-4712', team: 'secret-4713' })
  expect(problems.join()).not.toContain('secret')
  expect(problems).toHaveLength(3)
})

test('what JSON cannot hold is refused with words, not with a crash', () => {
  expect(problemsOf({}, { text: '\ud800' })).toHaveLength(1)
  expect(problemsOf({}, { amount: Number.NaN })).toHaveLength(1)
})

test('a schema that cannot be read takes nothing; one that another library cannot say takes what the step will check', () => {
  expect(problemsOf({ $ref: 'https://example.com/other.json' }, {})).toHaveLength(1)
  expect(problemsOf({ vendor: 'valibot' }, { any: 1 })).toEqual([])
})

test('at most ten problems are told', () => {
  const many = describeSchema(z.object(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, z.string()]))))
  expect(problemsOf(many, {})).toHaveLength(10)
})
