import type { Labels, Metric, Sample } from './exposition.ts'
import { type MeasuredCall, modelOf, named } from './measured-call.ts'

/** How a target stands in this process. */
export interface TargetState {
  readonly model: string
  readonly isBreakerOpen: boolean
  readonly keys: number
  readonly usableKeys: number
  readonly running: number
  readonly waiting: number
  readonly shed: number
}

/** Seconds. A cache answers in one, a model in thousands, a long draft in tens of thousands. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]
/** Names of routes and models are the project's own; past this the rest is counted together. */
const mostSeries = 2000

interface Histogram {
  readonly labels: Labels
  readonly buckets: number[]
  sum: number
}

/**
 * Owns: counts of model calls in this process, for Prometheus, which adds up over processes itself. A label is a name of the project or of an
 * enumeration; what a client calls a route that does not exist is `unknown`, and no entity, person or text is here.
 */
export class CallMeter {
  readonly #counters = new Map<string, Map<string, { readonly labels: Labels; value: number }>>()
  readonly #histograms = new Map<string, Map<string, Histogram>>()
  #series = 0

  observe(call: MeasuredCall): void {
    const { attempts, cache, cost, dialect, error, firstContent, status, total, usage } = call
    const { model, provider } = modelOf(call)
    const route = error?.code === 'model/no-such-route' ? 'unknown' : named(call.route)
    const labels = { route, dialect, provider, model: named(model) }
    this.#count(calls, { ...labels, status: `${Math.floor(status / 100)}xx` })
    if (error) this.#count(errors, { route, code: error.code, kind: error.kind })
    for (const { kind, outcome, provider: asked, model: by } of attempts)
      this.#count(attemptsMade, { route, provider: asked, model: named(by), kind, outcome })
    if (usage)
      for (const kind of ['input', 'cacheRead', 'cacheWrite', 'cacheWriteLong', 'output', 'reasoning'] as const)
        if (usage[kind] > 0)
          this.#count(tokens, { route, provider, model: named(model), kind: snake(kind) }, usage[kind])
    if (cost) this.#count(spent, { route, model: named(model), currency: cost.currency }, Number(cost.nano) / 1e9)
    if (cache) {
      this.#count(hits, { route, kind: cache.kind })
      if (cache.saved) this.#count(saved, { route, currency: cache.saved.currency }, Number(cache.saved.nano) / 1e9)
    }
    this.#time(duration, { route, dialect, model: named(model) }, total)
    if (firstContent !== undefined) this.#time(first, { route, dialect, model: named(model) }, firstContent)
  }

  metrics(targets: readonly TargetState[]): readonly Metric[] {
    const counted = [...this.#counters].map(([name, series]): Metric => ({
      name,
      help: helps[name] ?? '',
      type: 'counter',
      samples: [...series.values()],
    }))
    const timed = [...this.#histograms].map(([name, series]): Metric => ({
      name,
      help: helps[name] ?? '',
      type: 'histogram',
      samples: [...series.values()].flatMap(samplesOf),
    }))
    return [...counted, ...timed, ...gauges(targets)]
  }

  #count(name: string, labels: Labels, by = 1): void {
    const series = this.#of(this.#counters, name, labels, (own) => ({ labels: own, value: 0 }))
    series.value += by
  }

  #time(name: string, labels: Labels, ms: number): void {
    const made = this.#of(this.#histograms, name, labels, (own) => ({
      labels: own,
      buckets: Array.from({ length: bounds.length + 1 }, () => 0),
      sum: 0,
    }))
    const seconds = Math.max(0, ms) / 1000
    const found = bounds.findIndex((bound) => seconds <= bound)
    const bucket = found < 0 ? bounds.length : found
    made.buckets[bucket] = (made.buckets[bucket] ?? 0) + 1
    made.sum += seconds
  }

  #of<T>(all: Map<string, Map<string, T>>, name: string, labels: Labels, make: (labels: Labels) => T): T {
    const of = all.get(name) ?? new Map<string, T>()
    all.set(name, of)
    const known = of.get(JSON.stringify(labels))
    if (known) return known
    const isFull = this.#series >= mostSeries
    const own = isFull ? Object.fromEntries(Object.keys(labels).map((label) => [label, 'other'])) : labels
    const key = JSON.stringify(own)
    const held = of.get(key) ?? make(own)
    if (!of.has(key)) this.#series++
    of.set(key, held)
    return held
  }
}

const calls = 'millrace_model_calls_total'
const errors = 'millrace_model_call_errors_total'
const attemptsMade = 'millrace_model_attempts_total'
const tokens = 'millrace_model_tokens_total'
const spent = 'millrace_model_cost_total'
const hits = 'millrace_model_cache_hits_total'
const saved = 'millrace_model_cache_saved_total'
const duration = 'millrace_model_call_duration_seconds'
const first = 'millrace_model_first_content_seconds'

const helps: Readonly<Record<string, string>> = {
  [calls]: 'Calls of models that ended, by who answered.',
  [errors]: 'Calls of models that failed, by code and by whose it is.',
  [attemptsMade]: 'Requests to models, by why they were made.',
  [tokens]: 'Tokens of answered calls, in disjoint parts.',
  [spent]: 'What calls cost, in their currency, as booked.',
  [hits]: 'Calls for which a kept answer stood.',
  [saved]: 'What the kept answers had cost.',
  [duration]: 'How long calls took, retries and fallbacks within.',
  [first]: 'How long streams took to their first content.',
}

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function samplesOf({ buckets, labels, sum }: Histogram): readonly Sample[] {
  let below = 0
  const counted = buckets.map((count, n): Sample => {
    const bound = bounds[n]
    return {
      suffix: '_bucket',
      labels: { ...labels, le: bound === undefined ? '+Inf' : String(bound) },
      value: (below += count),
    }
  })
  return [...counted, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: below }]
}

function gauges(targets: readonly TargetState[]): readonly Metric[] {
  const gauge = (
    name: string,
    help: string,
    value: (target: TargetState) => number,
    type: 'gauge' | 'counter' = 'gauge',
  ): Metric => ({
    name,
    help,
    type,
    samples: targets.map((target) => ({ labels: { model: target.model }, value: value(target) })),
  })
  return [
    gauge('millrace_model_breaker_open', 'Whether a model is passed over because it failed too often.', (one) =>
      one.isBreakerOpen ? 1 : 0,
    ),
    gauge('millrace_model_requests_running', 'Requests to a model that are under way.', (one) => one.running),
    gauge('millrace_model_requests_waiting', 'Requests that wait for a place at a model.', (one) => one.waiting),
    gauge('millrace_model_keys_usable', 'Keys of a model that do not cool down.', (one) => one.usableKeys),
    gauge(
      'millrace_model_requests_shed_total',
      'Requests that were refused for want of a place.',
      (one) => one.shed,
      'counter',
    ),
  ]
}
