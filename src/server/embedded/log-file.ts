import { closeSync, existsSync, openSync, readSync, renameSync, statSync } from 'node:fs'

/** A log of an engine that is larger than this when the engine starts is put aside, in the place of the one before: two such files at most. */
const largest = 8 * 1024 * 1024
const tail = 4096

/** Opens the log for appending (0600); the caller closes it. */
export function openLog(path: string): number {
  if (existsSync(path) && statSync(path).size > largest) renameSync(path, `${path}.old`)
  return openSync(path, 'a', 0o600)
}

/** The last lines, in one, for an error message. */
export function lastLines(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const buffer = Buffer.alloc(tail)
      const read = readSync(file, buffer, 0, tail, Math.max(0, statSync(path).size - tail))
      const lines = buffer.toString('utf8', 0, read).trimEnd().split('\n').slice(-3)
      return lines.join(' | ').slice(-600) || '(nothing)'
    } finally {
      closeSync(file)
    }
  } catch {
    return '(it cannot be read)'
  }
}
