import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { digestOf, type Json, sha256 } from '../../core/json.ts'

/** A model's manifest, and the bytes of its files as they were verified: what runs is what was checked, also after a worker restarts. */
export interface ModelDirectory<M> {
  readonly path: string
  readonly manifest: M
  /** The bytes of a file that the manifest names. Errors: `model/bad-manifest`, where it does not name it. */
  readonly file: (name: string) => Uint8Array
}

/**
 * Reads a model directory. Errors: `model/missing-file`, `model/bad-manifest` (also one that does not have its own digest),
 * `model/wrong-digest`.
 */
export async function openDirectory<M extends { readonly files: Readonly<Record<string, string>>; digest: string }>(
  path: string,
  schema: z.ZodType<M>,
): Promise<ModelDirectory<M>> {
  const manifestPath = join(path, 'model.json')
  const manifest = parseManifest(manifestPath, await read(manifestPath), schema)
  const files = new Map<string, Uint8Array>()
  for (const [name, expected] of Object.entries(manifest.files)) {
    const bytes = await read(join(path, name))
    const actual = sha256(bytes)
    if (actual !== expected) throw new MillraceError('model/wrong-digest', { path: join(path, name), expected, actual })
    files.set(name, bytes)
  }
  return {
    path,
    manifest,
    file(name) {
      const bytes = files.get(name)
      if (!bytes) throw new MillraceError('model/bad-manifest', { path: manifestPath, why: `it names no ${name}` })
      return bytes
    },
  }
}

function parseManifest<M extends { digest: string }>(path: string, bytes: Uint8Array, schema: z.ZodType<M>): M {
  const refuse = (why: string): never => {
    throw new MillraceError('model/bad-manifest', { path, why })
  }
  let json: Json
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8')) as Json // JSON.parse answers JSON
  } catch {
    return refuse('it is not JSON')
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success)
    return refuse(parsed.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`).join('; '))
  const actual = manifestDigest(json as { readonly [key: string]: Json }) // an object, by its schema
  if (actual !== parsed.data.digest)
    refuse(`it has the digest ${actual} and says ${parsed.data.digest}, so it was changed by hand`)
  return parsed.data
}

/** The version of a model: SHA-256 of its manifest's canonical JSON without the digest itself. */
export const manifestDigest = (manifest: { readonly [key: string]: Json | undefined }): string =>
  digestOf({ ...manifest, digest: undefined })

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new MillraceError('model/missing-file', { path, why: codeOf(error) }, { cause: error })
  }
}

/** `ENOENT`, `EACCES`: what a system call failed with. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'it failed'
