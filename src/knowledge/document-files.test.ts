import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { readDocuments } from './document-files.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-documents-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function put(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

test('the Markdown files at any depth are the documents, README left out', async () => {
  put('cards/arrival.md', '---\nintent: card_arrival\ntags: ["a", 1]\n---\n\nIt takes five days.\n\nRegards\n')
  put('top.md', '---\r\nid: other-id\r\ntitle: "quoted: yes"\r\n---\r\ntext\r\n')
  put('README.md', 'not one')
  put('notes.txt', 'not one')
  expect(await readDocuments(folder)).toEqual([
    {
      id: 'arrival',
      source: 'cards/arrival.md',
      body: { id: 'arrival', intent: 'card_arrival', tags: ['a', 1], text: 'It takes five days.\n\nRegards' },
    },
    { id: 'other-id', source: 'top.md', body: { id: 'other-id', title: 'quoted: yes', text: 'text' } },
  ])
})

test.each([
  ['no front matter', 'text', /begin with front matter/],
  ['an empty file', '', /begin with front matter/],
  ['front matter that does not end', '---\na: b\ntext', /does not end/],
  ['a line that is no field', '---\nA field: b\n---\n', /line 2/],
  ['a field twice', '---\na: b\na: c\n---\n', /line 3.*second time/],
  ['a field called text', '---\ntext: b\n---\n', /line 2/],
  ['a value that begins like JSON', '---\na: {b\n---\n', /line 2 begins like JSON/],
  ['JSON of 60,000 brackets', `---\na: ${'['.repeat(60_000)}${']'.repeat(60_000)}\n---\n`, /line 2 begins like JSON/],
  ['bytes that are no UTF-8', Buffer.from('---\na: \xff\n---\n', 'latin1'), /UTF-8/],
])('%s: refused, with file and place', async (_, content, why) => {
  put('good.md', '---\n---\ntext')
  put('sub/bad.md', content)
  await expect(readDocuments(folder)).rejects.toSatisfy(
    (e) => isMillraceError(e, 'knowledge/bad-document') && e.message.includes('sub/bad.md') && why.test(e.message),
  )
})

test('a file that is too large is refused unread', async () => {
  put('big.md', '')
  truncateSync(join(folder, 'big.md'), 300_000)
  await expect(readDocuments(folder)).rejects.toThrow(/big\.md.*more than/)
})

test.each([
  ['is not there', () => join(folder, 'gone'), /ENOENT/],
  ['has no documents', () => folder, /no \.md files/],
])('a folder that %s is one error', async (_, path, why) => {
  await expect(readDocuments(path())).rejects.toSatisfy(
    (e) => isMillraceError(e, 'knowledge/no-documents') && why.test(e.message),
  )
})
