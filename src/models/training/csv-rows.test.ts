import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../testing.ts'
import { readLabelledTexts } from './csv-rows.ts'
import { prepare } from './prepare.ts'

const rowsOf = async (content: string | Uint8Array): Promise<unknown> => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'some.csv')
  writeFileSync(path, content)
  return (await readLabelledTexts(path)).rows
}

test('quotes, line breaks in fields, CRLF, a byte order mark and other columns are read', async () => {
  const csv = '\uFEFFid,Text,category\r\n1,"a, ""b""\nc",x\r\n\r\n2,d,y\r\n'
  expect(await rowsOf(csv)).toMatchObject([
    { text: 'a, "b"\nc', label: 'x', line: 3 },
    { text: 'd', label: 'y', line: 5 },
  ])
})

test('what is written as CSV is read again', async () => {
  const field = fc
    .string({ minLength: 1 })
    .map((text) => text.trim().toWellFormed())
    .filter((text) => text !== '')
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 20 }), async (rows) => {
      const csv = rows.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')).join('\n')
      expect(await rowsOf(`text,label\n${csv}`)).toMatchObject(rows.map(([text, label]) => ({ text, label })))
    }),
    { numRuns: 50 },
  )
})

test.each([
  ['', 'model/bad-csv'],
  ['text,label', 'model/bad-csv'],
  ['body,label\na,b', 'model/missing-column'],
  ['text,kind\na,b', 'model/missing-column'],
  ['text,label\na,b,c', 'model/bad-csv'],
  ['text,label\n"a,b', 'model/bad-csv'],
  ['text,label\n,b', 'model/bad-csv'],
  ['text,label\na,', 'model/bad-csv'],
  [Uint8Array.of(0x74, 0xff, 0xfe), 'model/bad-csv'],
])('%j is refused with one clear error', async (content, code) => {
  await expect(rowsOf(content)).rejects.toMatchObject({ code })
})

test('a file that is not there is named', async () => {
  await expect(readLabelledTexts('nowhere.csv')).rejects.toMatchObject({
    code: 'model/bad-csv',
    details: { path: 'nowhere.csv' },
  })
})

const data = (...rows: [string, string][]): Parameters<typeof prepare>[0] => ({
  path: 'some.csv',
  digest: '',
  rows: rows.map(([text, label], i) => ({ text, label, line: i + 2 })),
})
const four = (label: string): [string, string][] => ['a', 'b', 'c', 'd'].map((text) => [`${label} ${text}`, label])

test.each([
  ['out-of-scope rows alone', data(...four('out_of_scope'))],
  ['one label', data(...four('x'))],
  ['a label with too few texts', data(...four('x'), ['y', 'y'])],
  ['a label whose texts are all the same', data(...four('x'), ['y', 'y'], ['Y', 'y'], ['y', 'y'], ['y', 'y'])],
])('nothing is trained from %s', (_, some) => {
  expect(() => prepare(some)).toThrow(expect.objectContaining({ code: 'model/too-few-examples' }))
})
