import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from '../../core/json.ts'
import type { CallRecord } from './call-record.ts'
import { callBody } from './call-record.ts'
import type { Money } from './facts.ts'
import { type Proposed, type Replayed, replayCall } from './replay-call.ts'

const calls = z.number()
const nano = z.string().describe('Billionths of the currency, as a decimal number.')

/** What a proposal would have made of recorded calls. Two plans with the same digest and traffic agree in every single call. */
export const trafficPlan = z.strictObject({
  calls,
  /** Another version would have answered, or nobody, or somebody where nobody did. */
  moved: calls,
  moves: z.array(z.strictObject({ from: z.string().nullable(), to: z.string().nullable(), calls })),
  /** Nobody was asked, or would be, since a constraint or a budget forbids it. */
  refusedBefore: calls,
  refused: calls,
  refusedBy: z.array(z.strictObject({ constraint: z.string(), calls })),
  /** Everyone who may be asked was ill. */
  unavailable: calls,
  /** Each candidate that was filtered out, also of calls that somebody else answers. */
  filtered: z.array(
    z.strictObject({ constraint: z.string(), version: z.string(), place: z.string(), calls, why: z.string() }),
  ),
  costs: z.array(z.strictObject({ currency: z.string(), before: nano, after: nano, change: nano })),
  /** Answers whose cost is not known: in no sum. */
  unpricedBefore: calls,
  unpriced: calls,
  /** Costs that follow from the tokens that another model used. */
  estimated: calls,
  /** Scores of a cascade that were taken to suffice. */
  assumedScores: calls,
  prices: z.array(z.string()),
  /** SHA-256 of the calls as they are recorded. */
  traffic: z.string(),
  /** SHA-256 of what the proposal makes of each. */
  digest: z.string(),
})
export type TrafficPlan = z.output<typeof trafficPlan>

/**
 * Replays a proposal over recorded calls. No model is asked, nothing is written, no clock and no chance comes in: the same calls, route, prices and
 * budgets give the same plan to the last digit.
 */
export async function planTraffic(proposed: Proposed, records: AsyncIterable<CallRecord>): Promise<TrafficPlan> {
  const sum = new Summary()
  // Whom a kept answer stood for asked nobody, and would not under the proposal.
  for await (const record of records) if (record.cached !== true) sum.add(record, replayCall(proposed, record))
  return sum.plan()
}

class Summary {
  #calls = 0
  #moved = 0
  #refusedBefore = 0
  #refused = 0
  #unavailable = 0
  #unpricedBefore = 0
  #unpriced = 0
  #estimated = 0
  #assumedScores = 0
  readonly #moves = new Tally<{ readonly from: string | null; readonly to: string | null }>()
  readonly #refusedBy = new Tally<{ readonly constraint: string }>()
  readonly #filtered = new Tally<{ readonly constraint: string; readonly version: string; readonly place: string }>()
  readonly #why = new Map<string, string>()
  readonly #before = new Map<string, bigint>()
  readonly #after = new Map<string, bigint>()
  readonly #prices = new Set<string>()
  readonly #traffic = createHash('sha256')
  readonly #digest = createHash('sha256')

  add(record: CallRecord, replayed: Replayed): void {
    const from = record.attempts.findLast((one) => one.outcome === 'answered')?.version ?? null
    const to = replayed.answeredBy ?? null
    this.#calls++
    if (from !== to) {
      this.#moved++
      this.#moves.count({ from, to })
    }
    if (record.attempts.length === 0) this.#refusedBefore++
    if (replayed.refusedBy) {
      this.#refused++
      this.#refusedBy.count({ constraint: replayed.refusedBy })
    }
    if (replayed.isUnavailable) this.#unavailable++
    for (const { constraint, place, version, why } of replayed.refusals) {
      const key = this.#filtered.count({ constraint, version, place })
      if (!this.#why.has(key)) this.#why.set(key, why)
    }
    for (const { cost, outcome } of [...record.attempts, ...record.shadows]) {
      if (cost) increase(this.#before, cost)
      else if (outcome === 'answered') this.#unpricedBefore++
    }
    for (const cost of replayed.costs) increase(this.#after, cost)
    this.#unpriced += replayed.unpriced
    this.#estimated += replayed.estimated
    this.#assumedScores += replayed.assumedScores
    for (const price of replayed.prices) this.#prices.add(price)
    this.#note(record, replayed)
  }

  plan(): TrafficPlan {
    const currencies = [...new Set([...this.#before.keys(), ...this.#after.keys()])].toSorted()
    return {
      calls: this.#calls,
      moved: this.#moved,
      moves: this.#moves.list(),
      refusedBefore: this.#refusedBefore,
      refused: this.#refused,
      refusedBy: this.#refusedBy.list(),
      unavailable: this.#unavailable,
      filtered: this.#filtered.list().map((one) => ({ ...one, why: this.#why.get(Tally.keyOf(one)) ?? '' })),
      costs: currencies.map((currency) => {
        const [before, after] = [this.#before.get(currency) ?? 0n, this.#after.get(currency) ?? 0n]
        return { currency, before: String(before), after: String(after), change: String(after - before) }
      }),
      unpricedBefore: this.#unpricedBefore,
      unpriced: this.#unpriced,
      estimated: this.#estimated,
      assumedScores: this.#assumedScores,
      prices: [...this.#prices].toSorted(),
      traffic: this.#traffic.digest('hex'),
      digest: this.#digest.digest('hex'),
    }
  }

  #note({ id, route: _route, tenant: _tenant, version, ...body }: CallRecord, { costs, ...made }: Replayed): void {
    this.#traffic.update(`${canonicalJson({ id, version, body: callBody.encode(body) })}\n`)
    const { answeredBy, asked, isUnavailable, refusedBy, shadows } = made
    const said = {
      id,
      asked,
      shadows,
      answeredBy: answeredBy ?? null,
      refusedBy: refusedBy ?? null,
      isUnavailable,
      costs: costs.map((one) => `${one.nano} ${one.currency}`).toSorted(),
    }
    this.#digest.update(`${canonicalJson(said)}\n`)
  }
}

/** Counts kinds of things; the most frequent first. */
class Tally<K extends Readonly<Record<string, string | null>>> {
  readonly #counts = new Map<string, { readonly kind: K; calls: number }>()

  static keyOf(kind: Readonly<Record<string, string | number | null>>): string {
    const { calls: _, ...rest } = kind
    return JSON.stringify(Object.values(rest))
  }

  count(kind: K): string {
    const key = Tally.keyOf(kind)
    const known = this.#counts.get(key)
    if (known) known.calls++
    else this.#counts.set(key, { kind, calls: 1 })
    return key
  }

  list(): (K & { calls: number })[] {
    return [...this.#counts]
      .toSorted(([a, one], [b, other]) => other.calls - one.calls || (a < b ? -1 : 1))
      .map(([, { calls, kind }]) => ({ ...kind, calls }))
  }
}

function increase(sums: Map<string, bigint>, { currency, nano: amount }: Money): void {
  sums.set(currency, (sums.get(currency) ?? 0n) + amount)
}
