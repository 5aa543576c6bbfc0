import type { Clock, Instant } from '../core/clock.ts'
import type { Pool } from '../store/pool.ts'
import { type MeasuredCall, modelOf, named } from './measured-call.ts'
import { Sketch } from './sketch.ts'

const minute = 60_000
/** Names of routes, models and tasks are the project's own, so their number is small; past this a minute's rest is counted together. */
const mostOfMinute = 2000
/** What a database that is away for long may cost in memory; what is older is lost. */
const mostHeld = 20_000

interface Key {
  readonly t: string
  readonly route: string
  readonly dialect: string
  readonly model: string
  readonly task: string
  readonly kind: 'total' | 'first-content'
}

interface Held extends Key {
  readonly at: Instant
  readonly sketch: Sketch
  total: number
  least: number
  most: number
  isDirty: boolean
}

/**
 * Owns: what the calls of this process took, by minute, until it stands in the database.
 *
 * 1. A minute's row of this process is always written whole: a flush whose answer was lost is sent again, and nothing is counted twice.
 * 2. What is measured while a flush is on its way belongs to the next one.
 * 3. Memory is bounded, in names and in minutes. A process that dies loses what it measured since its last flush.
 */
export class LatencySketches {
  readonly #held = new Map<string, Held>()
  readonly #options: { readonly pool: Pool; readonly clock: Clock; readonly process: string }
  #minute = 0
  #ofMinute = 0
  #flushing: Promise<void> = Promise.resolve()

  constructor(options: { readonly pool: Pool; readonly clock: Clock; readonly process: string }) {
    this.#options = options
  }

  observe(call: MeasuredCall): void {
    const at = Math.floor(this.#options.clock.today() / minute) * minute
    if (at !== this.#minute) [this.#minute, this.#ofMinute] = [at, 0]
    const { dialect, firstContent, task = '', tenant, total } = call
    const key = { t: tenant, route: routeOf(call), dialect, model: named(modelOf(call).model), task: named(task) }
    this.#accept(at, { ...key, kind: 'total' }, total)
    if (firstContent !== undefined) this.#accept(at, { ...key, kind: 'first-content' }, firstContent)
  }

  #accept(at: Instant, key: Key, ms: number): void {
    const held = this.#held.get(nameOf(at, key)) ?? this.#begin(at, key)
    const value = Number.isFinite(ms) ? Math.max(0, ms) : 0
    held.sketch.accept(value)
    held.total += value
    held.least = Math.min(held.least, value)
    held.most = Math.max(held.most, value)
    held.isDirty = true
  }

  #begin(at: Instant, asked: Key): Held {
    const isFull = this.#ofMinute >= mostOfMinute
    const key = isFull ? { ...asked, route: 'other', model: 'other', task: 'other' } : asked
    const name = nameOf(at, key)
    const known = this.#held.get(name)
    if (known) return known
    if (!isFull) this.#ofMinute++
    const [oldest] = this.#held.keys()
    if (this.#held.size >= mostHeld && oldest !== undefined) this.#held.delete(oldest)
    const held = { ...key, at, sketch: new Sketch(), total: 0, least: Infinity, most: 0, isDirty: true }
    this.#held.set(name, held)
    return held
  }

  /** One after the other; what failed is sent again with the next. Errors: those of the database. */
  flush(): Promise<void> {
    const flush = this.#flushing.catch(() => {}).then(() => this.#send())
    this.#flushing = flush
    return flush
  }

  async #send(): Promise<void> {
    const { pool, process } = this.#options
    const dirty = [...this.#held].filter(([, held]) => held.isDirty)
    for (const [, held] of dirty) held.isDirty = false
    try {
      if (dirty.length > 0)
        await pool.query({
          name: 'call-latency',
          text: `insert into call_latency (t, at, grain, route, dialect, model, task, kind, process, count, total, least, most, bins, counts)
            select t, to_timestamp(at / 1000.0), 'minute', route, dialect, model, task, kind, $2, count, total, least, most, bins, counts
            from json_to_recordset($1) as x(t text, at float8, route text, dialect text, model text, task text, kind text, count bigint,
              total float8, least float8, most float8, bins int[], counts bigint[])
            on conflict (t, at, grain, route, dialect, model, task, kind, process) do update set count = excluded.count,
              total = excluded.total, least = excluded.least, most = excluded.most, bins = excluded.bins, counts = excluded.counts`,
          values: [JSON.stringify(dirty.map(([, held]) => rowOf(held))), process],
        })
    } catch (error) {
      for (const [, held] of dirty) held.isDirty = true
      throw error
    }
    for (const [name, { at, isDirty }] of this.#held) if (at < this.#minute && !isDirty) this.#held.delete(name)
  }
}

const nameOf = (at: Instant, { t, route, dialect, model, task, kind }: Key): string =>
  [at, t, route, dialect, model, task, kind].join('\0')

const rowOf = ({ sketch, ...rest }: Held) => ({ ...rest, count: sketch.count, ...sketch.bins() })

/** A route that does not exist is a client's word: it names no row. */
const routeOf = ({ error, route }: MeasuredCall): string =>
  error?.code === 'model/no-such-route' ? 'unknown' : named(route)
