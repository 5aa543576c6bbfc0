import type { RunId } from '../../core/ids.ts'
import { factorIdOf, type SealedRow } from './log-postgres-rows.ts'

interface NewFactor {
  readonly tenant: string
  readonly id: string
  readonly kind: string
  readonly digest: string
  readonly name: string
}

interface Link {
  readonly tenant: string
  readonly factor: string
  readonly run: RunId
  readonly seq: number
  readonly hasEffect: boolean
}

/** More factors than this are forgotten all at once: one that is written twice conflicts, and does nothing. */
const mostKnown = 100_000

/** Owns: which factors this process has seen written, so that a steady state inserts none. A cache only: the table decides. */
export class FactorMemory {
  readonly #known = new Set<string>()

  /** In one order, so that two processes do not deadlock. */
  newFactors(rows: readonly SealedRow[]): NewFactor[] {
    const found = new Map<string, NewFactor>()
    for (const { tenant, row, links } of rows) {
      if (links.every((id) => this.#known.has(id))) continue
      for (const { kind, digest, name } of row.evidence?.factors ?? []) {
        const id = factorIdOf(tenant, { kind, digest, name })
        if (!this.#known.has(id)) found.set(id, { tenant, id, kind, digest, name })
      }
    }
    return [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  remember(factors: readonly NewFactor[]): void {
    if (this.#known.size > mostKnown) this.#known.clear()
    for (const factor of factors) this.#known.add(factor.id)
  }
}

export const linksOf = (rows: readonly SealedRow[]): Link[] =>
  rows.flatMap(({ tenant, row: { run, seq, kind }, links }) =>
    links.map((factor): Link => ({ tenant, factor, run, seq, hasEffect: kind === 'act' })),
  )
