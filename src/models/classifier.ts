import { join } from 'node:path'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { type ClassifierManifest, classifierManifest } from './directory/manifest.ts'
import { openDirectory } from './directory/open-directory.ts'
import { type Encoder, requireEncoder } from './encoder.ts'
import { unpackWeights } from './head/head-weights.ts'
import { confidenceOf, largest } from './head/softmax.ts'
import type { Urgency } from './inference/batch-queue.ts'
import { inBulk } from './inference/in-bulk.ts'
import { type Decided, decide } from './message/decide.ts'
import { partsOf } from './message/parts.ts'

const mostTop = 5
/** In characters: a longer text gains hardly anything by sharing a batch. */
const longestShared = 160

/** What a classifier says of a text. */
export interface Classification {
  /** The most likely label, below the threshold too. */
  readonly label: string
  /** A calibrated probability. */
  readonly confidence: number
  readonly accepted: boolean
  readonly threshold: number
  /** The five most likely, best first. */
  readonly top: readonly { readonly label: string; readonly confidence: number }[]
  /** Offsets (UTF-16) into the text: what decided. */
  readonly part: { readonly start: number; readonly end: number }
  readonly model: { readonly name: string; readonly digest: string }
}

/** Owns: one head on an encoder. A message is cut into parts, each is asked about, and one decides (`decide`). Does not own: the encoder. */
export class Classifier {
  readonly manifest: ClassifierManifest
  readonly #encoder: Encoder

  private constructor(manifest: ClassifierManifest, encoder: Encoder) {
    this.manifest = manifest
    this.#encoder = encoder
  }

  /**
   * Loads a model directory into its encoder's worker. `encoderOf` gives the encoder of a name. Errors: `model/missing-file`,
   * `model/wrong-digest`, `model/bad-manifest`, `model/wrong-encoder`, `model/unusable-weights`, and those of `encoderOf`.
   */
  static async open(path: string, encoderOf: (name: string) => Encoder): Promise<Classifier> {
    const { manifest, file } = await openDirectory(path, classifierManifest)
    const encoder = encoderOf(manifest.encoder.name)
    requireEncoder(encoder, { model: manifest.name, digest: manifest.encoder.digest })
    const { hidden, buckets, labels, temperature, digest } = manifest
    const shape = { dimensions: encoder.dimensions, hidden, buckets, labels: labels.length }
    const weights = file('weights.bin')
    if (!unpackWeights(weights, shape))
      throw new MillraceError('model/unusable-weights', {
        path: join(path, 'weights.bin'),
        why: 'its numbers do not fit the manifest',
      })
    await encoder.host.addHead(digest, { shape, weights, temperature })
    return new Classifier(manifest, encoder)
  }

  /** Of one short sentence the answer may differ a little from call to call. Errors: those of `BatchQueue.ask`. */
  async classify(text: string, signal?: AbortSignal): Promise<Classification> {
    return (await this.classifyCounted(text, { signal })).classification
  }

  /** The same, with the tokens that were read. */
  async classifyCounted(
    text: string,
    { priority, signal }: { readonly priority?: Urgency | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<{
    readonly classification: Classification
    readonly probabilities: Float32Array
    readonly tokens: number
  }> {
    const parts = partsOf(text)
    const head = this.manifest.digest
    // A message is never computed with another: a text's row depends a little on its neighbours, and where the parts disagree little decides.
    const group = parts.length > 1 || text.length > longestShared ? parts : undefined
    const asked = await Promise.all(
      parts.map((part) => this.#encoder.queue.ask({ text: part.asked, head, group, priority, signal })),
    )
    const rows = asked.map(({ row }) => row)
    const decided = decide(parts, rows)
    const tokens = asked.reduce((sum, one) => sum + one.tokens, 0)
    return { classification: this.#answer(decided), probabilities: decided.probabilities, tokens }
  }

  /** Classifies many texts in batches that depend on these texts alone: the same texts, the same answers. */
  async classifyAll(texts: readonly string[], done?: (count: number, of: number) => void): Promise<Classification[]> {
    const parts = texts.map((text) => partsOf(text))
    const asked = parts.flat().map((part) => part.asked)
    const run = async (batch: readonly string[]): Promise<Float32Array> =>
      (await this.#encoder.host.run(batch, this.manifest.digest)).rows
    const rows = await inBulk(asked, run, (count) => done?.(count, asked.length))
    let next = 0
    return parts.map((ofText) => this.#answer(decide(ofText, rows.slice(next, (next += ofText.length)))))
  }

  #answer({ part, probabilities }: Decided): Classification {
    const { labels, threshold, name, digest } = this.manifest
    const best = largest(probabilities)
    const confidence = confidenceOf(probabilities)
    const top = largestOf(probabilities).map((i) => ({
      label: labels[i] ?? '',
      confidence: Math.min(confidence, probabilities[i] ?? 0),
    }))
    return {
      label: labels[best] ?? '',
      confidence,
      accepted: confidence >= threshold,
      threshold,
      top,
      part: { start: part.start, end: part.end },
      model: { name, digest },
    }
  }
}

/** The positions of the largest numbers, best first. Sorting all of them cost as much as the rest of an answer. */
function largestOf(row: Float32Array): number[] {
  const best: number[] = []
  for (let i = 0; i < row.length; i++) {
    const value = row[i] ?? 0
    if (best.length === mostTop && value <= (row[best.at(-1) ?? 0] ?? 0)) continue
    const place = best.findIndex((other) => value > (row[other] ?? 0))
    best.splice(place === -1 ? best.length : place, 0, i)
    if (best.length > mostTop) best.pop()
  }
  return best
}
