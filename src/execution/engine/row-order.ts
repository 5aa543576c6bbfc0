import type { Instant, Millis } from '../../core/clock.ts'
import type { Log, NewRow } from './ports.ts'

/** A row of this segment that is durable, and has not reached the author yet. */
export interface Durable {
  readonly row: NewRow
  readonly at: Instant
  readonly left: Millis | undefined
}

interface Written {
  readonly row: NewRow
  durable: Durable | undefined
}

export interface RowOrderOptions {
  readonly log: Log
  /** The position of the first row to write. */
  readonly next: number
  readonly isDead: () => boolean
  /** A row has become durable. */
  readonly moved: () => void
  /** The position is another writer's, or the row before it is missing (E16). */
  readonly lost: () => void
  readonly failed: (error: unknown) => void
}

/**
 * Owns: the rows that a segment writes, from append to delivery. Does not own: what they mean (segment).
 *
 * 1. Positions are dense and given in the order of asking (E16).
 * 2. A row is handed out once durable, strictly in row order (E1, E18).
 */
export class RowOrder {
  readonly #options: RowOrderOptions
  readonly #order: Written[] = []
  #next: number
  #pending = 0

  constructor(options: RowOrderOptions) {
    this.#options = options
    this.#next = options.next
  }

  /** Rows under way to the log. */
  get pending(): number {
    return this.#pending
  }

  /** The position of the row that is written next. */
  get next(): number {
    return this.#next
  }

  get isReady(): boolean {
    return this.#order[0]?.durable !== undefined
  }

  append(row: Omit<NewRow, 'seq'>): void {
    const { log, isDead, moved, lost, failed } = this.#options
    const written: Written = { row: { ...row, seq: this.#next++ }, durable: undefined }
    this.#order.push(written)
    this.#pending++
    log.append(written.row, isDead).then(
      (got) => {
        this.#pending--
        if (got === 'taken') return lost()
        written.durable = { row: written.row, at: got.at, left: got.left }
        moved()
      },
      (error: unknown) => failed(error),
    )
  }

  /** The next row in order, once it is durable. */
  take(): Durable | undefined {
    const durable = this.#order[0]?.durable
    if (durable) this.#order.shift()
    return durable
  }
}
