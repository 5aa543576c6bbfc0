import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { mostMailBytes } from './mail-event.ts'

const mostFiles = 100_000

/**
 * Every `.eml` file below a directory, by name; the directory is never written to. A link counts as what it leads to, but a linked directory
 * is not entered. Errors: `intake/no-mailbox`.
 */
export async function listMailbox(directory: string): Promise<readonly string[]> {
  const refuse = (why: string, cause?: unknown): MillraceError =>
    new MillraceError('intake/no-mailbox', { path: directory, why }, { cause })
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => !entry.isDirectory() && entry.name.toLowerCase().endsWith('.eml'))
    if (files.length > mostFiles) throw refuse(`it has more than ${mostFiles} files; split it`)
    return files.map((entry) => join(entry.parentPath, entry.name)).toSorted()
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause
    throw refuse(cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown', cause)
  }
}

/** The bytes of one file. Errors: `intake/too-large`, `intake/unreadable`. */
export async function readMailFile(path: string): Promise<Buffer> {
  const refuse = (why: string, cause?: unknown): MillraceError =>
    new MillraceError('intake/unreadable', { why }, { cause })
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK) // a pipe would never open otherwise
    try {
      const found = await file.stat()
      if (!found.isFile()) throw refuse('it is not a file')
      const { size } = found
      if (size > mostMailBytes) throw new MillraceError('intake/too-large', { bytes: size, most: mostMailBytes })
      return await file.readFile()
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause
    throw refuse('the file cannot be read', cause)
  }
}
