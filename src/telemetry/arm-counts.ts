import type { Clock } from '../core/clock.ts'
import type { Pool } from '../store/pool.ts'
import { type MeasuredCall, named } from './measured-call.ts'
import { Sketch } from './sketch.ts'

/** Names are the project's own, so their number is small; past this nothing new is counted until the day is over. */
const mostOfDay = 2000

interface Key {
  readonly t: string
  readonly route: string
  readonly day: string
  readonly route_version: string
  readonly arm: string
  readonly version: string
  /** Of its costs; empty: none was known. */
  readonly currency: string
}

interface Held extends Key {
  readonly sketch: Sketch
  readonly errors: Record<string, number>
  calls: number
  taken_over: number
  schema_failures: number
  priced: number
  cost: bigint
  cost_squares: bigint
  isDirty: boolean
}

interface Answer {
  readonly t: string
  readonly call: string
  readonly route: string
  readonly at: number
  readonly route_version: string
  readonly arm: string
  readonly version: string
  readonly run: string
}

/**
 * Owns: what each arm of a route did in this process, by day, until it stands in the database. A call counts to the arm that it was led to, whoever
 * answered it in the end: an arm that fails and is taken over would look well otherwise. A call that an answer was kept for counts to no arm.
 *
 * 1. A day's row of this process is always written whole: a flush whose answer was lost is sent again, and nothing is counted twice.
 * 2. Memory is bounded. A process that dies loses what it counted since its last flush.
 */
export class ArmCounts {
  readonly #options: { readonly pool: Pool; readonly clock: Clock; readonly process: string }
  readonly #held = new Map<string, Held>()
  #answers: Answer[] = []
  #flushing: Promise<void> = Promise.resolve()

  constructor(options: { readonly pool: Pool; readonly clock: Clock; readonly process: string }) {
    this.#options = options
  }

  observe(call: MeasuredCall): void {
    const { answered, attempts, cache, cost, drawn, error, id, route, routeVersion, run, tenant, total } = call
    if (!drawn || cache) return
    const key: Key = {
      t: tenant,
      route: named(route),
      day: new Date(this.#options.clock.today()).toISOString().slice(0, 10),
      route_version: routeVersion,
      arm: drawn.arm,
      version: drawn.version,
      currency: cost?.currency ?? '',
    }
    const held = this.#of(key)
    if (!held) return
    held.calls++
    held.sketch.accept(total)
    if (answered && answered.version !== drawn.version) held.taken_over++
    if (attempts.some((one) => one.version === drawn.version && one.error === 'model/unmet-schema'))
      held.schema_failures++
    if (error) held.errors[error.kind] = (held.errors[error.kind] ?? 0) + 1
    if (cost) {
      held.priced++
      held.cost += cost.nano
      held.cost_squares += cost.nano * cost.nano
    }
    held.isDirty = true
    if (run !== undefined && answered?.version === drawn.version)
      this.#answers.push({
        t: tenant,
        call: id,
        route: key.route,
        at: call.startedAt,
        route_version: routeVersion,
        arm: drawn.arm,
        version: drawn.version,
        run,
      })
  }

  /** One after the other; what failed is sent again with the next. Errors: those of the database. */
  flush(): Promise<void> {
    const flush = this.#flushing.catch(() => {}).then(() => this.#send())
    this.#flushing = flush
    return flush
  }

  #of(key: Key): Held | undefined {
    const name = Object.values(key).join('\0')
    const known = this.#held.get(name)
    if (known || this.#held.size >= mostOfDay) return known
    const held: Held = {
      ...key,
      sketch: new Sketch(),
      errors: {},
      calls: 0,
      taken_over: 0,
      schema_failures: 0,
      priced: 0,
      cost: 0n,
      cost_squares: 0n,
      isDirty: false,
    }
    this.#held.set(name, held)
    return held
  }

  async #send(): Promise<void> {
    const { clock, pool, process } = this.#options
    const dirty = [...this.#held.values()].filter(({ isDirty }) => isDirty)
    const answers = this.#answers.splice(0)
    for (const held of dirty) held.isDirty = false
    try {
      if (dirty.length > 0)
        await pool.query({ name: 'arm-day', text: armDay, values: [json(dirty.map(rowOf)), process] })
      if (answers.length > 0) await pool.query({ name: 'arm-answer', text: armAnswer, values: [json(answers)] })
    } catch (error) {
      for (const held of dirty) held.isDirty = true
      this.#answers.unshift(...answers)
      throw error
    }
    const today = new Date(clock.today()).toISOString().slice(0, 10)
    for (const [name, { day, isDirty }] of this.#held) if (day < today && !isDirty) this.#held.delete(name)
  }
}

const json = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one))

const rowOf = ({ sketch, ...rest }: Held) => ({ ...rest, ...sketch.bins() })

const armDay = `insert into arm_day (t, route, day, route_version, arm, version, currency, process, calls, taken_over, schema_failures, errors,
    priced, cost, cost_squares, bins, counts)
  select t, route, day, route_version, arm, version, currency, $2, calls, taken_over, schema_failures, errors, priced, cost, cost_squares, bins, counts
  from json_to_recordset($1) as x(t text, route text, day date, route_version text, arm text, version text, currency text, calls bigint,
    taken_over bigint, schema_failures bigint, errors jsonb, priced bigint, cost numeric, cost_squares numeric, bins int[], counts bigint[])
  on conflict (t, route, day, route_version, arm, version, currency, process) do update set calls = excluded.calls,
    taken_over = excluded.taken_over, schema_failures = excluded.schema_failures, errors = excluded.errors, priced = excluded.priced,
    cost = excluded.cost, cost_squares = excluded.cost_squares, bins = excluded.bins, counts = excluded.counts`

const armAnswer = `insert into arm_answer (t, call, route, at, route_version, arm, version, run)
  select t, call, route, to_timestamp(at / 1000.0), route_version, arm, version, run
  from json_to_recordset($1) as x(t text, call text, route text, at float8, route_version text, arm text, version text, run text)
  on conflict do nothing`
