import { DDSketch } from '@datadog/sketches-js'
import type { Millis } from '../core/clock.ts'

/** What a step tells: enumerations, names of resources and numbers; no text, no person. */
export interface StepMeasurement {
  readonly kind: string
  readonly resource: string
  readonly pipeline: string
  readonly outcome: string
  readonly ms: Millis
}

export interface StepFigures {
  readonly kind: string
  readonly resource: string
  readonly pipeline: string
  readonly outcome: string
  readonly count: number
  readonly p50: Millis
  readonly p95: Millis
  readonly p99: Millis
}

/** Names of resources are the project's own, so their number is small; past this the rest is counted together. */
const mostSeries = 2000
const accuracy = 0.01

interface Series {
  readonly measured: Omit<StepMeasurement, 'ms'>
  readonly sketch: DDSketch
}

/**
 * Owns: how long the bodies of steps took in this process, as mergeable sketches (DDSketch, Masson et al., VLDB 2019; within 1%): percentiles
 * are read from the merged sketch and never averaged. Does not own: what a run's record says of a step (ledger).
 */
export class StepMeter {
  readonly #series = new Map<string, Series>()

  step(measured: StepMeasurement): void {
    const { kind, resource, pipeline, outcome, ms } = measured
    const name = `${pipeline}\0${kind}\0${resource}\0${outcome}`
    let series = this.#series.get(name)
    if (!series) {
      const rest = { kind: 'other', resource: 'other', pipeline: 'other', outcome }
      const isFull = this.#series.size >= mostSeries
      const key = isFull ? `\0${outcome}` : name
      series = this.#series.get(key) ?? {
        measured: isFull ? rest : { kind, resource, pipeline, outcome },
        sketch: new DDSketch({ relativeAccuracy: accuracy }),
      }
      this.#series.set(key, series)
    }
    series.sketch.accept(Math.max(0, ms))
  }

  figures(): readonly StepFigures[] {
    return [...this.#series.values()].map(({ measured, sketch }) => ({
      ...measured,
      count: sketch.count,
      p50: sketch.getValueAtQuantile(0.5),
      p95: sketch.getValueAtQuantile(0.95),
      p99: sketch.getValueAtQuantile(0.99),
    }))
  }
}
