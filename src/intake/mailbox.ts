import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { mostMailBytes } from './mail-event.ts'

const mostFiles = 100_000

/** Every `.eml` file below a directory, by name; the directory is never written to. Errors: `intake/no-mailbox`. */
export async function listMailbox(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith('.eml'))
    return files
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .slice(0, mostFiles)
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new MillraceError('intake/no-mailbox', { path: directory, why }, { cause })
  }
}

/** The bytes of one file. Errors: `intake/too-large`, `intake/unreadable`. */
export async function readMailFile(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path)
    if (size > mostMailBytes) throw new MillraceError('intake/too-large', { bytes: size, most: mostMailBytes })
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause
    throw new MillraceError('intake/unreadable', { why: 'the file cannot be read' }, { cause })
  }
}
