import type { RunId } from '../../core/ids.ts'
import { factorIdOf, type SealedRow } from './log-postgres-rows.ts'

interface NewFactor {
  readonly tenant: string
  readonly id: string
  readonly kind: string
  readonly digest: string
  readonly name: string
}

interface NewLink {
  readonly tenant: string
  readonly factor: string
  readonly run: RunId
  readonly seq: number
  readonly hasEffect: boolean
  readonly row: SealedRow
}

/** More names than this are forgotten all at once: what is written twice conflicts, and does nothing. */
const mostKnown = 100_000

/**
 * Owns: which factors, and which links of runs to them, this process has seen written, so that a steady state inserts no factor and each
 * link once. A cache only: the tables decide.
 */
export class FactorMemory {
  readonly #known = new Set<string>()

  /** In one order, so that two processes do not deadlock. */
  newFactors(rows: readonly SealedRow[]): NewFactor[] {
    const found = new Map<string, NewFactor>()
    for (const { tenant, row } of rows) {
      for (const factor of row.evidence?.factors ?? []) {
        const id = factorIdOf(tenant, factor)
        if (!this.#known.has(id))
          found.set(id, { tenant, id, kind: factor.kind, digest: factor.digest, name: factor.name })
      }
    }
    return found.size < 2 ? [...found.values()] : [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  newLinks(rows: readonly SealedRow[]): NewLink[] {
    const found = new Map<string, NewLink>()
    for (const sealed of rows) {
      const { tenant, row, factors } = sealed
      for (const factor of factors) {
        const name = nameOf(row.run, factor)
        if (this.#known.has(name) || found.has(name)) continue
        found.set(name, { tenant, factor, run: row.run, seq: row.seq, hasEffect: row.kind === 'act', row: sealed })
      }
    }
    return [...found.values()] // of one run each: no other process writes them now
  }

  remember(factors: readonly NewFactor[], links: readonly NewLink[], isWritten: (row: SealedRow) => boolean): void {
    if (this.#known.size > mostKnown) this.#known.clear()
    for (const factor of factors) this.#known.add(factor.id)
    for (const link of links) if (isWritten(link.row)) this.#known.add(nameOf(link.run, link.factor))
  }
}

const nameOf = (run: RunId, factor: string): string => run + factor
