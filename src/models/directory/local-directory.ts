import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { digestOf, sha256 } from '../../core/json.ts'
import type { EncoderData, Pooling } from '../inference/protocol.ts'
import { bundledEncoder } from '../bundled.ts'
import { classifierManifest, encoderManifest } from './manifest.ts'
import { codeOf, openDirectory } from './open-directory.ts'
import { ConfigMisfit, type TransformerConfig, transformerConfig, type TransformerFiles } from './transformer-config.ts'

/** A text encoder or sequence classifier that can run, with the bytes that were digested. */
export interface LocalDirectory {
  readonly path: string
  /** Of every file that is used: the version of the weights. */
  readonly digest: string
  readonly data: EncoderData
  /** By position; empty: it is an encoder. */
  readonly labels: readonly string[]
  /** It is a head on the encoder that `data` are of, with this digest; its own weights have so many bytes. */
  readonly head?: { readonly encoder: string; readonly bytes: number }
  readonly paths: Readonly<Record<'tokenizer' | 'weights', string>>
}

export interface DirectoryWish {
  readonly variant?: string | undefined
  readonly pooling?: Pooling | undefined
  readonly isUnit?: boolean | undefined
}

/** A protocol buffer is no larger. */
const mostWeights = 2 ** 31 - 1
const mostJson = 64 * 1024 * 1024
const optional = [
  'tokenizer_config.json',
  'sentence_bert_config.json',
  'modules.json',
  '1_Pooling/config.json',
] as const

/**
 * Reads the directory of a model: one of Millrace's encoders by its manifest, else the usual layout of Hugging Face. Nothing is loaded yet.
 * Errors: `model/missing-file`, `model/bad-directory`; of a manifest `model/bad-manifest` and `model/wrong-digest`.
 */
export async function openLocal(path: string, wish: DirectoryWish = {}): Promise<LocalDirectory> {
  const names = await readdir(path).catch((error: unknown) => {
    throw new MillraceError('model/missing-file', { path, why: codeOf(error) }, { cause: error })
  })
  return names.includes('model.json') ? openMillrace(path) : openTransformer(path, wish)
}

async function openMillrace(path: string): Promise<LocalDirectory> {
  const text = Buffer.from(await readWithin(join(path, 'model.json'), mostJson)).toString('utf8')
  if (/"kind"\s*:\s*"classifier"/.test(text)) return openHead(path)
  const { file, manifest } = await openDirectory(path, encoderManifest)
  const { digest, dimensions, longest, pieces } = manifest
  const data: EncoderData = {
    weights: file('model.onnx'),
    tokenizer: file('tokenizer.json'),
    tokenizerConfig: file('tokenizer_config.json'),
    dimensions,
    pieces,
    longest,
  }
  const paths = { tokenizer: join(path, 'tokenizer.json'), weights: join(path, 'model.onnx') }
  return { path, digest, data, labels: [], paths }
}

/** A head by itself is half a model: of the encoders the bundled one is always here. */
async function openHead(path: string): Promise<LocalDirectory> {
  const { file, manifest } = await openDirectory(path, classifierManifest)
  const encoder = await openMillrace(bundledEncoder)
  if (manifest.encoder.digest !== encoder.digest)
    throw new MillraceError('model/bad-directory', {
      path,
      why: `it is a head on ${manifest.encoder.name}@${manifest.encoder.digest.slice(0, 12)}, and the bundled encoder is another: routes lead to it as { classifier: DIRECTORY }`,
    })
  const { digest, labels } = manifest
  return { ...encoder, path, digest, labels, head: { encoder: encoder.digest, bytes: file('weights.bin').byteLength } }
}

async function openTransformer(path: string, wish: DirectoryWish): Promise<LocalDirectory> {
  const weightsName = await weightsIn(path, wish.variant)
  const digests: Record<string, string> = {}
  const take = async (name: string, most: number): Promise<Uint8Array> => {
    const bytes = await readWithin(join(path, name), most)
    digests[name] = sha256(bytes)
    return bytes
  }
  const tokenizer = await take('tokenizer.json', mostJson)
  const read: Record<string, Uint8Array> = { 'config.json': await take('config.json', mostJson) }
  for (const name of optional) {
    const bytes = await take(name, mostJson).catch((error: unknown) => {
      if (error instanceof MillraceError && error.code === 'model/missing-file') return undefined
      throw error
    })
    if (bytes) read[name] = bytes
  }
  const config = configOf(path, read, wish)
  const data: EncoderData = {
    weights: await take(weightsName, mostWeights),
    tokenizer,
    tokenizerConfig: read['tokenizer_config.json'] ?? Buffer.from('{}'),
    pieces: config.pieces,
    hasSpare: true,
    longest: config.longest,
    padding: config.padding,
    use: config.use,
  }
  return {
    path,
    digest: digestOf({ kind: 'transformer', format: 1, files: digests }),
    data,
    labels: config.labels,
    paths: { tokenizer: join(path, 'tokenizer.json'), weights: join(path, weightsName) },
  }
}

function configOf(path: string, read: Readonly<Record<string, Uint8Array>>, wish: DirectoryWish): TransformerConfig {
  const refuse = (file: string, why: string): never => {
    throw new MillraceError('model/bad-directory', { path: join(path, file), why })
  }
  const files = Object.fromEntries(
    Object.entries(read).map(([name, bytes]) => {
      try {
        return [name, JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown]
      } catch {
        return refuse(name, 'it is not JSON')
      }
    }),
  )
  try {
    return transformerConfig(files as unknown as TransformerFiles, wish) // its names are those that were read
  } catch (error) {
    if (error instanceof ConfigMisfit) return refuse(error.file, error.message)
    throw error
  }
}

/** `onnx/model.onnx` or, of an older layout, `model.onnx`; where neither is there, the only variant. */
async function weightsIn(path: string, variant: string | undefined): Promise<string> {
  const isModel = (name: string): boolean => /^model(?:_[\w-]+)?\.onnx$/.test(name)
  const inside = (await readdir(join(path, 'onnx')).catch(() => [])).filter(isModel).map((name) => `onnx/${name}`)
  const found = [...inside, ...(await readdir(path)).filter(isModel)]
  const wanted = variant === undefined ? 'model.onnx' : `model_${variant}.onnx`
  const exact = [`onnx/${wanted}`, wanted].find((name) => found.includes(name))
  if (exact !== undefined) return exact
  const [first] = found
  if (variant === undefined && first !== undefined && found.length === 1) return first
  const there = found.toSorted().join(', ')
  if (there === '') throw new MillraceError('model/missing-file', { path: join(path, 'onnx', wanted), why: 'ENOENT' })
  throw new MillraceError('model/bad-directory', {
    path,
    why:
      variant === undefined
        ? `it has several variants and no model.onnx: name one of ${there}`
        : `it has no ${wanted}; it has ${there}`,
  })
}

async function readWithin(path: string, most: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > most) throw new MillraceError('model/bad-directory', { path, why: `it is larger than ${most} bytes` })
    return await readFile(path)
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw new MillraceError('model/missing-file', { path, why: codeOf(error) }, { cause: error })
  }
}
