import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { bundleDigest } from './bundle-digest.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const files = {
  'config.ts': `import { path } from './steps.ts'\nimport { join } from 'node:path'\nexport default { path, join, text: file(import.meta, './reply.prompt') }\ndeclare const file: (meta: ImportMeta, path: string) => string\n`,
  'steps.ts': `export const path: string = 'routing' // where it goes\n`,
  'reply.prompt': 'Dear {{name}}',
}

const digestOf = (changed: Partial<typeof files> = {}): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bundle-'))
  folders.push(folder)
  for (const [name, text] of Object.entries({ ...files, ...changed })) writeFileSync(join(folder, name), text)
  return bundleDigest(join(folder, 'config.ts'), folder)
}

test('two checkouts, and edits of comments, types and layout alone, have one digest', async () => {
  const digest = await digestOf()
  expect(digest).toMatch(/^[0-9a-f]{64}$/)
  expect(await digestOf()).toBe(digest)
  const sameCode = `/** Another comment. */\nexport const path = (\n  'routing'\n)\n`
  expect(await digestOf({ 'steps.ts': sameCode })).toBe(digest)
})

test('another value in a module that is imported, or another text of a prompt, has another', async () => {
  const digest = await digestOf()
  expect(await digestOf({ 'steps.ts': `export const path: string = 'routes'\n` })).not.toBe(digest)
  expect(await digestOf({ 'reply.prompt': 'Hello {{name}}' })).not.toBe(digest)
})

test('a module that cannot be read is one error that names the project’s entry', async () => {
  await expect(digestOf({ 'steps.ts': 'export const path = (' })).rejects.toMatchObject({ code: 'run/not-bundled' })
})
