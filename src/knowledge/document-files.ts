import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import type { Json } from '../core/json.ts'
import type { SourceDocument } from './ingest.ts'

const json = z.json()
const mostBytes = 256 * 1024
const mostFiles = 100_000
const reservedFiles = new Set(['README.md'])

/**
 * The documents of a folder: its Markdown files at any depth, README.md left out. The fields of a file's front matter are the document's,
 * and what follows it is the field `text`. The id is the field `id`, else the file's name; the source is the path in the folder.
 * Errors: `knowledge/no-documents`, `knowledge/bad-document`.
 */
export async function readDocuments(folder: string): Promise<SourceDocument[]> {
  const files = await filesOf(folder)
  if (files.length === 0)
    throw new MillraceError('knowledge/no-documents', { path: folder, why: 'it has no .md files' })
  if (files.length > mostFiles)
    throw new MillraceError('knowledge/no-documents', { path: folder, why: `it has more than ${mostFiles} files` })
  const documents: SourceDocument[] = []
  for (const file of files) documents.push(await readDocument(folder, file))
  return documents
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md') && !reservedFiles.has(entry.name))
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .toSorted()
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read'
    throw new MillraceError('knowledge/no-documents', { path: folder, why }, { cause: error })
  }
}

async function readDocument(folder: string, file: string): Promise<SourceDocument> {
  const source = file.split(sep).join('/')
  try {
    const { size } = await stat(join(folder, file))
    if (size > mostBytes) throw new BadDocument(`it has more than ${mostBytes} bytes`)
    const { fields, text } = parseDocument(decode(await readFile(join(folder, file))))
    const id = typeof fields['id'] === 'string' ? fields['id'] : basename(file, '.md')
    return { id, source, body: { ...fields, id, text } }
  } catch (error) {
    if (error instanceof MillraceError) throw error
    const why = error instanceof BadDocument ? error.message : 'the file cannot be read'
    throw new MillraceError('knowledge/bad-document', { source, why }, { cause: error })
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n')
  } catch {
    throw new BadDocument('it is not UTF-8')
  }
}

/**
 * Front matter, as much of YAML as a document needs: between two lines of `---` one `name: value` each, the value a text up to the end of
 * the line, or JSON where it begins with a quote or a bracket.
 */
function parseDocument(content: string): {
  readonly fields: Readonly<Record<string, Json>>
  readonly text: string
} {
  const lines = content.split('\n')
  if (lines[0]?.trimEnd() !== '---') throw new BadDocument('it does not begin with front matter: a line of ---')
  const end = lines.findIndex((line, n) => n > 0 && line.trimEnd() === '---')
  if (end < 0) throw new BadDocument('its front matter does not end: a second line of --- is missing')
  const fields: Record<string, Json> = {}
  for (const [n, line] of lines.slice(1, end).entries()) {
    if (line.trim() === '') continue
    const found = /^([a-z][a-zA-Z0-9_-]*):(?:\s+(.*))?$/.exec(line)
    const [, name, value] = found ?? []
    if (name === undefined || value === undefined)
      throw new BadDocument(`line ${n + 2} is not of the form "name: value"`)
    if (Object.hasOwn(fields, name) || name === 'text')
      throw new BadDocument(`line ${n + 2} gives ${name} a second time`)
    fields[name] = parseValue(value.trim(), n + 2)
  }
  return {
    fields,
    text: lines
      .slice(end + 1)
      .join('\n')
      .trim(),
  }
}

function parseValue(value: string, line: number): Json {
  if (!/^["[{]/.test(value)) return value
  try {
    return json.parse(JSON.parse(value))
  } catch {
    throw new BadDocument(`line ${line} begins like JSON and is not; put the whole value between quotes`)
  }
}

/** Why a file is no document, before it is known which file. */
class BadDocument extends Error {}
