import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from './testing.ts'
import { arrayLiteral } from './array-literal.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

test('Postgres reads back exactly what was given, whatever the text holds', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0')),
    fc.constantFrom('NULL', 'null', '', '{}', '"', '\\', '\\"', 'a,b', ' a '),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(text)),
      fc.array(fc.option(fc.double({ noNaN: true }))),
      async (texts, numbers) => {
        const { rows } = await database.pool.query<{ texts: unknown; numbers: unknown }>(
          'select $1::text[] as texts, $2::float8[] as numbers',
          [arrayLiteral(texts), arrayLiteral(numbers)],
        )
        expect(rows).toEqual([{ texts, numbers: numbers.map((n) => (Object.is(n, -0) ? 0 : n)) }])
      },
    ),
    { numRuns: 200 },
  )
})
