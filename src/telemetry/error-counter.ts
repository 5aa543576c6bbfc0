import type { Metric } from './exposition.ts'

/** Codes are the dictionary's and those that actions declare, so their number is small; past this the rest is counted together. */
const mostSeries = 500

/** Owns: how often each error code was told in this process, and where. Does not own: their words (core/errors). */
export class ErrorCounter {
  readonly #counts = new Map<string, { readonly where: string; readonly code: string; count: number }>()

  /** `where`: `api`, or the kind of a step. */
  count(where: string, code: string): void {
    const isFull = this.#counts.size >= mostSeries
    const key = `${where}\0${code}`
    const name = isFull && !this.#counts.has(key) ? `${where}\0other` : key
    const known = this.#counts.get(name)
    if (known) known.count++
    else this.#counts.set(name, { where, code: name === key ? code : 'other', count: 1 })
  }

  metrics(): readonly Metric[] {
    const samples = [...this.#counts.values()].map(({ where, code, count }) => ({
      labels: { where, code },
      value: count,
    }))
    const help = 'Errors by their code, since the process began: told by the API, or failing an attempt of a step.'
    return [{ name: 'millrace_errors_total', help, type: 'counter', samples }]
  }
}
