import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { systemRandom } from '../core/random.ts'
import { seal, unseal } from '../core/seal.ts'
import type { Pool } from '../store/pool.ts'

/**
 * Owns: the master key's file and its check value in the database. Does not own: the data keys under it (vault).
 *
 * 1. The file is made only when the database has never seen a key; a missing or wrong one is refused, never replaced.
 * 2. The file is 0600; one that others can read is refused.
 * 3. The key itself encrypts nothing: from it come one key that wraps and one that hashes (HKDF, RFC 5869).
 */
export interface MasterKey {
  /** Wraps data keys. */
  readonly wrapping: KeyObject
  /** Hashes outside ids. */
  readonly hashing: KeyObject
}

const heading = 'millrace-master-key-1:'
const form = new RegExp(`^${heading}([A-Za-z0-9_-]{43})\\s*$`)
const checkText = 'millrace master key'

/** Errors: `governance/master-key-missing`, `-wrong`, `-unsafe`, `-unreadable`. */
export async function openMasterKey(path: string, pool: Pool): Promise<MasterKey> {
  const { rows } = await pool.query<{ sealed: Buffer }>('select sealed from master_key_check')
  const [check] = rows
  if (!existsSync(path)) {
    if (check) throw new MillraceError('governance/master-key-missing', { path })
    withReason(path, () => make(path))
  }
  const key = derive(withReason(path, () => read(path)))
  if (check) {
    if (!opens(key.wrapping, check.sealed)) throw new MillraceError('governance/master-key-wrong', { path })
    return key
  }
  await pool.query('insert into master_key_check (sealed) values ($1) on conflict do nothing', [
    seal(key.wrapping, checkText, systemRandom).body,
  ])
  return openMasterKey(path, pool) // another start may have been first: then its key counts
}

/** Whether the file holds the key that made the check value. Errors: `governance/master-key-unsafe`, `-wrong` for no key at all, `-unreadable`. */
export const isKeyOf = (path: string, sealed: Uint8Array): boolean =>
  opens(derive(withReason(path, () => read(path))).wrapping, Buffer.from(sealed))

/** Exclusively, and complete before it has its name: two starts at once use one key. */
function make(path: string): void {
  const fresh = `${path}.new-${process.pid}`
  writeFileSync(fresh, `${heading}${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(fresh, path)
  } catch (error) {
    if (!existsSync(path)) throw error
  } finally {
    rmSync(fresh, { force: true })
  }
  syncFolder(dirname(path)) // a power failure must not leave a database without the key that it was told of
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** A file that the system refuses, in the words of the dictionary. */
function withReason<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it cannot be opened'
    throw new MillraceError('governance/master-key-unreadable', { path, why }, { cause })
  }
}

function read(path: string): Buffer {
  const mode = statSync(path).mode & 0o777
  if (mode & 0o077) throw new MillraceError('governance/master-key-unsafe', { path, mode: mode.toString(8) })
  const [, text] = form.exec(readFileSync(path, 'utf8')) ?? []
  if (text === undefined) throw new MillraceError('governance/master-key-wrong', { path })
  return Buffer.from(text, 'base64url')
}

function derive(master: Buffer): MasterKey {
  const part = (purpose: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', master, 'millrace', purpose, 32)))
  return { wrapping: part('wrap data keys'), hashing: part('hash outside ids') }
}

function opens(key: KeyObject, sealed: Buffer): boolean {
  try {
    return unseal(key, sealed) === checkText
  } catch {
    return false
  }
}
