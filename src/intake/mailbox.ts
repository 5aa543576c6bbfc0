import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { MillraceError } from '../core/errors/millrace-error.ts'
import type { CanonicalEvent } from '../core/event.ts'
import { sha256, type Json } from '../core/json.ts'
import type { MailParser } from './mail-parser.ts'

/** The largest mail that is taken: what large providers take. */
const mostBytes = 25 * 1024 * 1024
const mostFiles = 100_000

/** What a mail becomes: an event, or why it cannot. */
export type ReadMail =
  | { readonly file: string; readonly id: string; readonly event: CanonicalEvent }
  | {
      readonly file: string
      readonly id: string | undefined
      readonly unreadable: MillraceError<'intake/unreadable' | 'intake/too-large'>
    }

/** Who a sender is, as the customers' list says. */
export interface Customers {
  find(address: string): { readonly customerId: string; readonly tier: string }
}

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
    throw new MillraceError(
      'intake/no-mailbox',
      { path: directory, why: cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown' },
      { cause },
    )
  }
}

/** Reads one file into a canonical event. The event's id is the SHA-256 of the bytes, since senders forge Message-IDs. */
export async function readMail(
  directory: string,
  path: string,
  parser: MailParser,
  customers: Customers,
  source: string,
): Promise<ReadMail> {
  const file = relative(directory, path)
  const refuse = (why: string, id?: string): ReadMail => ({
    file,
    id,
    unreadable: new MillraceError('intake/unreadable', { why }),
  })
  let bytes: Buffer
  try {
    const { size } = await stat(path)
    if (size > mostBytes)
      return {
        file,
        id: undefined,
        unreadable: new MillraceError('intake/too-large', { bytes: size, most: mostBytes }),
      }
    bytes = await readFile(path)
  } catch {
    return refuse('the file cannot be read')
  }
  const id = sha256(bytes)
  if (bytes.length === 0) return refuse('the file is empty', id)
  const mail = await parser.parse(bytes)
  if ('unreadable' in mail) return refuse(mail.unreadable, id)
  const { customerId, tier } = customers.find(mail.from)
  const data = { id, ...mail, customerId, tier } as unknown as Json // its parts are JSON
  return {
    file,
    id,
    event: {
      specversion: '1.0',
      id,
      source,
      type: 'message.received',
      ...(mail.receivedAt && { time: mail.receivedAt }),
      data,
    },
  }
}

/** Until a list of customers is given: each sender is a customer of the standard tier. */
export const unknownCustomers: Customers = { find: (address) => ({ customerId: address, tier: 'standard' }) }
