import { DDSketch } from '@datadog/sketches-js'
import type { Millis } from '../core/clock.ts'
import type { Metric, Sample } from './exposition.ts'

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
  /** How many took at most as long as each of `bounds`, and no less than the one before; the last: longer. */
  readonly buckets: number[]
}

/** Milliseconds. A classification takes one, a draft hundreds, a slow system thirty thousand. */
const bounds: readonly Millis[] = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000]

/**
 * Owns: how long the bodies of steps took in this process, as mergeable sketches (DDSketch, Masson et al., VLDB 2019; within 1%): percentiles
 * are read from the merged sketch and never averaged. For Prometheus, which merges over processes itself, the same is counted in fixed buckets:
 * a summary's quantiles could only be averaged there. Does not own: what a run's record says of a step (ledger).
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
        buckets: Array.from({ length: bounds.length + 1 }, () => 0),
      }
      this.#series.set(key, series)
    }
    const took = Math.max(0, ms)
    series.sketch.accept(took)
    const found = bounds.findIndex((bound) => took <= bound)
    const bucket = found < 0 ? bounds.length : found
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1
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
  metrics(): readonly Metric[] {
    const help = 'How long the bodies of steps took in this process, each attempt counted.'
    const samples = [...this.#series.values()].flatMap(histogram)
    return [{ name: 'millrace_step_duration_seconds', help, type: 'histogram', samples }]
  }
}

function histogram({ measured, sketch, buckets }: Series): readonly Sample[] {
  const { pipeline, kind, resource, outcome } = measured
  const labels = { pipeline, kind, resource, outcome }
  let below = 0
  const counted = buckets.map((count, n): Sample => {
    const bound = bounds[n]
    const le = bound === undefined ? '+Inf' : String(bound / 1000)
    return { suffix: '_bucket', labels: { ...labels, le }, value: (below += count) }
  })
  return [...counted, { suffix: '_sum', labels, value: sketch.sum / 1000 }, { suffix: '_count', labels, value: below }]
}
