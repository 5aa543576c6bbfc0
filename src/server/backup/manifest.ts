import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { digestOf } from '../../core/json.ts'

/**
 * What a backup is: the list of its files with what each must be. It is written last, so that a directory without it is no backup. Its own
 * digest finds damage; it is no signature, so whoever can write to a backup can also forge one.
 */
const body = z.object({
  format: z.literal(1),
  /** ISO 8601, by the database's clock. */
  made: z.iso.datetime({ offset: true }),
  postgres: z.string(),
  migrations: z.array(z.object({ id: z.number().int(), name: z.string(), digest: z.string() })).min(1),
  /** Months that have a partition of their own, as year * 100 + month. */
  months: z.array(z.number().int()),
  tables: z.array(
    z.object({
      name: z.string().regex(/^[a-z_]+$/),
      columns: z.array(z.string().regex(/^[a-z_0-9]+$/)),
      rows: z.number().int(),
      bytes: z.number().int(),
      sha256: z.string(),
    }),
  ),
  /** Of the master key's file; null: kept elsewhere. */
  key: z.object({ sha256: z.string() }).nullable(),
})
const written = body.extend({ digest: z.string() })
export type Manifest = z.infer<typeof body>

export const manifestPath = (backup: string): string => join(backup, 'manifest.json')
export const tablePath = (backup: string, table: string): string => join(backup, 'database', `${table}.jsonl.gz`)
/** In a directory of its own, so that it can be moved elsewhere with one command. */
export const keyPath = (backup: string): string => join(backup, 'key', 'master.key')

export const manifestText = (manifest: Manifest): string =>
  `${JSON.stringify({ ...manifest, digest: digestOf(manifest) }, null, 2)}\n`

/** Reads the manifest, and every file that it names, once. Errors: `backup/incomplete`, `backup/damaged`. */
export async function verifyBackup(backup: string): Promise<Manifest> {
  const manifest = readManifest(backup)
  const files = manifest.tables.map(({ name, sha256 }) => ({ path: tablePath(backup, name), sha256 }))
  if (manifest.key && existsSync(keyPath(backup))) files.push({ path: keyPath(backup), sha256: manifest.key.sha256 })
  for (const { path, sha256 } of files) {
    if (!existsSync(path)) throw new MillraceError('backup/incomplete', { path: backup, why: `${path} is missing` })
    const found = await sha256Of(path).catch((cause: unknown) => {
      throw new MillraceError('backup/damaged', { path, why: reasonOf(cause) }, { cause })
    })
    if (found !== sha256)
      throw new MillraceError('backup/damaged', { path, why: 'its SHA-256 is not the one in the manifest' })
  }
  return manifest
}

function readManifest(backup: string): Manifest {
  const path = manifestPath(backup)
  if (!existsSync(path)) throw new MillraceError('backup/incomplete', { path: backup, why: 'manifest.json is missing' })
  try {
    const { digest, ...manifest } = written.parse(JSON.parse(readFileSync(path, 'utf8')))
    if (digestOf(manifest) !== digest) throw new Error('its own digest is another')
    return manifest
  } catch (cause) {
    throw new MillraceError('backup/damaged', { path, why: reasonOf(cause) }, { cause })
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer) // a stream without an encoding
  return hash.digest('hex')
}

/** One line of what went wrong. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof z.ZodError)
    return `it has no ${cause.issues[0]?.path.join('.') || 'manifest'} as Millrace writes it`
  return (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]?.slice(0, 300) ?? ''
}
