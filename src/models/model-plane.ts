import { resolve } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { digestOf, type Json } from '../core/json.ts'
import type { Random } from '../core/random.ts'
import { type Classification, Classifier } from './classifier.ts'
import { Encoder } from './encoder.ts'
import { fillTemplate } from './template.ts'

/** Where a route leads: a classifier head in a model directory, or the prompt's own template. */
export type Route = { readonly classifier: string } | { readonly template: true }

export interface ModelVersion {
  readonly name: string
  /** SHA-256 hex. */
  readonly digest: string
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
  /** A template costs nothing. */
  readonly cost: number
}

/** Vectors of single texts: a vector depends a little on what it is batched with, so each is computed alone. */
export interface PlaneEncoder {
  /** SHA-256 hex of the weights and of all that shapes a vector. */
  readonly digest: string
  embed(text: string, signal?: AbortSignal): Promise<Float32Array>
}

/** The model that a template is: what it answers follows from prompt and input alone. */
const templateModel: ModelVersion = { name: 'template', digest: digestOf({ kind: 'template', format: 1 }) }

/**
 * The model plane as the server wires it. Owns: the encoders with their workers, the classifiers on them, and where each route leads.
 *
 * Invariants:
 * 1. A model answers only if its files, when it was opened, had the digests that its manifest names.
 * 2. Every answer names the version that gave it.
 */
export class ModelPlane {
  readonly classifiers: { classify(question: ClassifyQuestion): Promise<Classification> }
  readonly generators: { generate(question: GenerateQuestion): Promise<Generated> }
  readonly #routes: ReadonlyMap<string, Classifier | 'template'>
  readonly #encoders: ReadonlyMap<string, Encoder>
  /** Lists of labels that were compared with a classifier's: a resource asks with the same list every time. */
  readonly #agreed = new WeakMap<readonly string[], Classifier>()

  private constructor(routes: ReadonlyMap<string, Classifier | 'template'>, encoders: ReadonlyMap<string, Encoder>) {
    this.#routes = routes
    this.#encoders = encoders
    this.classifiers = { classify: (question) => this.#classify(question) }
    this.generators = { generate: (question) => this.#generate(question) }
  }

  /**
   * Loads and checks every model that a route or an encoder names; nothing is served by a model whose files do not have their digests.
   * Relative paths start at `root`. Errors: `model/missing-file`, `model/wrong-digest`, `model/bad-manifest`, `model/bad-tokenizer`,
   * `model/unusable-weights`, `model/wrong-encoder`, `model/no-such-encoder`, `model/no-runtime`.
   */
  static async open(o: {
    readonly routes: Readonly<Record<string, Route>>
    readonly root: string
    readonly encoders: Readonly<Record<string, string>>
    readonly clock: Clock
    readonly random: Random
  }): Promise<ModelPlane> {
    const encoders = new Map<string, Encoder>()
    try {
      for (const [name, path] of Object.entries(o.encoders))
        encoders.set(name, await Encoder.open(resolve(o.root, path)))
      const classifiers = new Map<string, Classifier>()
      const routes = new Map<string, Classifier | 'template'>()
      for (const [name, route] of Object.entries(o.routes)) {
        if ('template' in route) {
          routes.set(name, 'template')
          continue
        }
        const path = resolve(o.root, route.classifier)
        const classifier = classifiers.get(path) ?? (await Classifier.open(path, (one) => known(encoders, one)))
        classifiers.set(path, classifier)
        routes.set(name, classifier)
      }
      return new ModelPlane(routes, encoders)
    } catch (error) {
      await Promise.all([...encoders.values()].map((encoder) => encoder.close()))
      throw error
    }
  }

  /** Errors: `model/no-such-encoder`. */
  encoder(name: string): PlaneEncoder {
    return known(this.#encoders, name)
  }

  /** Ends the workers; what still waits fails with `model/closed`. */
  async close(): Promise<void> {
    await Promise.all([...this.#encoders.values()].map((encoder) => encoder.close()))
  }

  async #classify({ route, labels, text, signal }: ClassifyQuestion): Promise<Classification> {
    const classifier = this.#routeOf(route)
    if (classifier === 'template')
      throw new MillraceError('model/wrong-route', { route, kind: 'template', wanted: 'classifier' })
    if (this.#agreed.get(labels) !== classifier) {
      const asked = new Set(labels)
      const foreign = classifier.manifest.labels.find((label) => !asked.has(label))
      if (foreign !== undefined)
        throw new MillraceError('model/foreign-label', { route, model: classifier.manifest.name, label: foreign })
      this.#agreed.set(labels, classifier)
    }
    return classifier.classify(text, signal)
  }

  async #generate({ route, prompt, input, signal }: GenerateQuestion): Promise<Generated> {
    const target = this.#routeOf(route)
    if (target !== 'template')
      throw new MillraceError('model/wrong-route', { route, kind: 'classifier', wanted: 'template' })
    signal.throwIfAborted()
    return { value: { text: fillTemplate(prompt, input) }, model: templateModel, cost: 0 }
  }

  #routeOf(route: string): Classifier | 'template' {
    const target = this.#routes.get(route)
    if (target) return target
    throw new MillraceError('model/no-such-route', { route, known: [...this.#routes.keys()].join(', ') || 'none' })
  }
}

function known(encoders: ReadonlyMap<string, Encoder>, name: string): Encoder {
  const encoder = encoders.get(name)
  if (encoder) return encoder
  throw new MillraceError('model/no-such-encoder', { encoder: name, known: [...encoders.keys()].join(', ') || 'none' })
}
