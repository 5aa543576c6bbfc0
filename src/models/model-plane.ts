import type { Clock } from '../core/clock.ts'
import type { Json } from '../core/json.ts'
import type { Random } from '../core/random.ts'

/** Where a route leads: a classifier head in a model directory, or the prompt's own template. */
export type Route = { readonly classifier: string } | { readonly template: true }

export interface ModelVersion {
  readonly name: string
  /** SHA-256 hex. */
  readonly digest: string
}

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
  readonly model: ModelVersion
}

export interface ClassifyQuestion {
  readonly route: string
  /** The labels that the asker knows; a model with another one is refused. */
  readonly labels: readonly string[]
  readonly text: string
  readonly signal: AbortSignal
}

export interface GenerateQuestion {
  readonly route: string
  readonly prompt: ModelVersion & { readonly template: string }
  readonly input: Json
  readonly signal: AbortSignal
}

export interface Generated {
  readonly value: Json
  readonly model: ModelVersion
  readonly cost?: number
}

/** Vectors of single texts: a vector depends a little on what it is batched with, so each is computed alone. */
export interface PlaneEncoder {
  /** SHA-256 hex of the weights and of all that shapes a vector. */
  readonly digest: string
  embed(text: string, signal?: AbortSignal): Promise<Float32Array>
}

/** The model plane as the server wires it. */
export class ModelPlane {
  readonly classifiers: { classify(question: ClassifyQuestion): Promise<Classification> }
  readonly generators: { generate(question: GenerateQuestion): Promise<Generated> }

  private constructor(o: Pick<ModelPlane, 'classifiers' | 'generators'>) {
    this.classifiers = o.classifiers
    this.generators = o.generators
  }

  /**
   * Loads and checks every model that a route or an encoder names; nothing is served by a model whose files do not have their digests.
   * Relative paths start at `root`. Errors: `model/missing-file`, `model/wrong-digest`, `model/bad-manifest`, `model/bad-tokenizer`,
   * `model/unusable-weights`, `model/wrong-encoder`, `model/no-such-encoder`, `model/no-runtime`.
   */
  static open(_: {
    readonly routes: Readonly<Record<string, Route>>
    readonly root: string
    readonly encoders: Readonly<Record<string, string>>
    readonly clock: Clock
    readonly random: Random
  }): Promise<ModelPlane> {
    return Promise.reject(new Error('not yet'))
  }

  /** Errors: `model/no-such-encoder`. */
  encoder(name: string): PlaneEncoder {
    throw new Error(name)
  }

  /** Ends the workers; what still waits fails with `model/closed`. */
  close(): Promise<void> {
    return Promise.resolve()
  }
}
