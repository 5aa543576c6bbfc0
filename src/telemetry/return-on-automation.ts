/** What one transaction of a pipeline took before it was automated. */
export type Baselines = Readonly<
  Record<string, { readonly minutes: number; readonly hourly: number; readonly currency: string }>
>

/** What a pipeline saved against its baseline, in nano-units of its currency. */
export interface Return {
  readonly pipeline: string
  readonly currency: string
  readonly transactions: number
  /** By hand they would have cost this. */
  readonly baseline: string
  /** Models, and people's minutes at the baseline's rate. */
  readonly spent: string
}

interface Measured {
  readonly succeeded: readonly { readonly pipeline: string; readonly runs: number }[]
  readonly people: readonly { readonly pipeline: string | null; readonly active: number }[]
  readonly costs: readonly { readonly pipeline: string; readonly currency: string; readonly nano: string }[]
}

/** Costs in another currency than the baseline's are left out: they cannot be held against it. */
export function returnsOf(baselines: Baselines, { costs, people, succeeded }: Measured): readonly Return[] {
  return Object.entries(baselines).map(([pipeline, { currency, hourly, minutes }]) => {
    const transactions = succeeded.find((row) => row.pipeline === pipeline)?.runs ?? 0
    const byHand = Math.round(transactions * minutes * (hourly / 60) * 1e9)
    const active = people.reduce((sum, row) => sum + (row.pipeline === pipeline ? row.active : 0), 0)
    const models = costs
      .filter((row) => row.pipeline === pipeline && row.currency === currency)
      .reduce((sum, row) => sum + BigInt(row.nano), 0n)
    const worked = BigInt(Math.round((active / 3_600_000) * hourly * 1e9))
    return { pipeline, currency, transactions, baseline: String(byHand), spent: String(models + worked) }
  })
}
