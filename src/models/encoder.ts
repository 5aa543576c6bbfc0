import { join } from 'node:path'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { encoderManifest } from './directory/manifest.ts'
import { openDirectory } from './directory/open-directory.ts'
import { BatchQueue } from './inference/batch-queue.ts'
import { inBulk } from './inference/in-bulk.ts'
import { InferenceHost } from './inference/inference-host.ts'
import type { EncoderData } from './inference/protocol.ts'

/**
 * Owns: one text encoder in its worker, and the queue in front of it. Does not own: the heads on it, which their classifiers add.
 */
export class Encoder {
  readonly name: string
  /** The version: SHA-256 of the manifest, which names the digests of weights and tokenizer. */
  readonly digest: string
  readonly dimensions: number
  readonly host: InferenceHost
  readonly queue: BatchQueue

  private constructor(
    o: Pick<Encoder, 'name' | 'digest' | 'dimensions' | 'host'> & { readonly mostWaiting: number | undefined },
  ) {
    this.name = o.name
    this.digest = o.digest
    this.dimensions = o.dimensions
    this.host = o.host
    this.queue = new BatchQueue({
      name: o.name,
      run: (texts, head) => o.host.run(texts, head),
      mostWaiting: o.mostWaiting,
    })
  }

  /**
   * Errors: `model/missing-file`, `model/wrong-digest`, `model/bad-manifest`, `model/bad-tokenizer`, `model/unusable-weights`,
   * `model/no-runtime`.
   */
  static async open(path: string): Promise<Encoder> {
    const { manifest, file } = await openDirectory(path, encoderManifest)
    const { name, digest, dimensions, pieces, longest } = manifest
    const data = {
      weights: file('model.onnx'),
      tokenizer: file('tokenizer.json'),
      tokenizerConfig: file('tokenizer_config.json'),
      dimensions,
      pieces,
      longest,
    }
    return Encoder.load({
      name,
      digest,
      data,
      paths: { tokenizer: join(path, 'tokenizer.json'), weights: join(path, 'model.onnx') },
    })
  }

  /** Of files that were verified. Errors: `model/bad-tokenizer`, `model/unusable-weights`, `model/no-runtime`. */
  static async load(o: {
    readonly name: string
    readonly digest: string
    readonly data: EncoderData
    readonly paths: Readonly<Record<'tokenizer' | 'weights', string>>
    readonly mostWaiting?: number | undefined
  }): Promise<Encoder> {
    const host = new InferenceHost(o)
    const dimensions = await host.start()
    return new Encoder({ name: o.name, digest: o.digest, dimensions, host, mostWaiting: o.mostWaiting })
  }

  /** The vector of one text, computed alone: it does not depend on what else is asked. Errors: those of `BatchQueue.ask`. */
  async embed(text: string, signal?: AbortSignal): Promise<Float32Array> {
    return (await this.queue.ask({ text, group: {}, signal })).row
  }

  /** Vectors of many texts, in batches that depend on these texts alone. */
  embedAll(texts: readonly string[], done?: (count: number) => void): Promise<Float32Array[]> {
    return inBulk(texts, async (batch) => (await this.host.run(batch, undefined)).rows, done)
  }

  close(): Promise<void> {
    return this.host.close()
  }
}

/** Errors: `model/wrong-encoder`. */
export function requireEncoder(encoder: Encoder, wanted: { readonly model: string; readonly digest: string }): void {
  if (encoder.digest === wanted.digest) return
  throw new MillraceError('model/wrong-encoder', {
    model: wanted.model,
    wanted: wanted.digest.slice(0, 12),
    actual: encoder.digest.slice(0, 12),
  })
}
