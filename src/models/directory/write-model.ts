import { existsSync, statSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { sha256 } from '../../core/json.ts'
import { renderCard } from './card.ts'
import { type ClassifierManifest, classifierManifest } from './manifest.ts'
import { codeOf, manifestDigest } from './open-directory.ts'

/** What is written: a manifest that still lacks its name and digests, and the weights. */
export interface UnwrittenModel {
  readonly manifest: Omit<ClassifierManifest, 'name' | 'files' | 'digest'>
  readonly weights: Uint8Array
  /** Added to the card as it is: where the data comes from, under which licence. */
  readonly attribution?: string
}

/** Nothing is written over a directory that is not a model's. Called before the training, too: it takes long. Errors: `model/output-taken`. */
export async function requireFree(path: string): Promise<void> {
  if (!existsSync(path)) return
  const taken = new MillraceError('model/output-taken', { path })
  if (!statSync(path).isDirectory()) throw taken
  const names = await readdir(path).catch(() => ['?'])
  if (names.length > 0 && !names.includes('model.json')) throw taken
}

/**
 * Writes a versioned model directory: `model.json`, `weights.bin` and the card `README.md`. It is written beside and renamed into its place, so
 * that a broken-off training leaves the earlier model whole. The name of the model is the directory's.
 * Errors: `model/output-taken`, `model/output-unwritable`.
 */
export async function writeModel(path: string, model: UnwrittenModel): Promise<ClassifierManifest> {
  await requireFree(path)
  const target = resolve(path)
  const name = nameFrom(basename(target))
  const unsigned = { ...model.manifest, name, files: { 'weights.bin': sha256(model.weights) } }
  const manifest = classifierManifest.parse({ ...unsigned, digest: manifestDigest(unsigned) })
  const beside = join(dirname(target), `.${basename(target)}.new`)
  const before = join(dirname(target), `.${basename(target)}.old`)
  try {
    await rm(beside, { recursive: true, force: true })
    await mkdir(beside, { recursive: true })
    await writeFile(join(beside, 'weights.bin'), model.weights)
    await writeFile(join(beside, 'README.md'), renderCard(manifest, model.attribution))
    await writeFile(join(beside, 'model.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
    await rm(before, { recursive: true, force: true })
    if (existsSync(target)) await rename(target, before)
    await rename(beside, target)
    await rm(before, { recursive: true, force: true })
  } catch (error) {
    if (!existsSync(target) && existsSync(before)) await rename(before, target)
    await rm(beside, { recursive: true, force: true }).catch(() => undefined)
    throw new MillraceError('model/output-unwritable', { path, why: codeOf(error) }, { cause: error })
  }
  return manifest
}

const nameFrom = (folder: string): string =>
  folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 64) || 'model'
