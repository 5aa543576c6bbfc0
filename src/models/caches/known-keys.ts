import type { Clock, Millis } from '../../core/clock.ts'
import type { Pool } from '../../store/pool.ts'

/** How often other processes' keys are looked for, while anybody asks. */
const lookEvery: Millis = 250
/** Knowledge older than this is none: the database is asked. */
const trustFor: Millis = 500
/** So often everything is read anew: what has expired goes, and what a look passed over comes. */
const forgetEvery: Millis = 300_000
const pageOf = 2000
/** Read again at each look: ordinals are given out before their rows are there for others to see. */
const overlap = 500n
/** Some 40 bytes each. Beyond, nothing is known, and the database is asked each time. */
const mostKnown = 300_000

/**
 * Owns: which keys may have an answer, so that a question that was never put costs no round trip before its reservation. Does not own: whether an
 * answer lives; the database says that of every key that may have one.
 *
 * 1. False is said only of a key that had no row at the last look, at most `trustFor` ago, and that this process has not kept since. An answer that
 *    another process kept may so be missed for half a second, which costs a question.
 * 2. A look that fails makes nothing known. Nobody waits for one.
 */
export class KnownKeys {
  readonly #pool: Pool
  readonly #clock: Clock
  #keys = new Set<number>()
  /** Read anew, until it is whole. */
  #fresh: Set<number> | undefined = new Set()
  #last = 0n
  #looked: Millis | undefined
  #readAnew: Millis
  #isLooking = false

  constructor({ clock, pool }: { readonly pool: Pool; readonly clock: Clock }) {
    this.#pool = pool
    this.#clock = clock
    this.#readAnew = clock.now()
  }

  mayHave(key: Buffer): boolean {
    const now = this.#clock.now()
    if (!this.#isLooking && (this.#looked === undefined || now - this.#looked >= lookEvery)) void this.#look(now)
    if (this.#looked === undefined || now - this.#looked > trustFor || this.#keys.size > mostKnown) return true
    return this.#keys.has(shortOf(key))
  }

  /** It is about to be kept. */
  add(key: Buffer): void {
    this.#keys.add(shortOf(key))
    this.#fresh?.add(shortOf(key))
  }

  async #look(now: Millis): Promise<void> {
    this.#isLooking = true
    try {
      if (now - this.#readAnew >= forgetEvery) {
        this.#fresh = new Set()
        this.#last = 0n
        this.#readAnew = now
      }
      await this.#read(this.#fresh ?? this.#keys)
      if (this.#fresh) this.#keys = this.#fresh
      this.#fresh = undefined
      this.#looked = now
    } catch {
      // It is looked for again at the next question, which goes to the database meanwhile.
    } finally {
      this.#isLooking = false
    }
  }

  async #read(into: Set<number>): Promise<void> {
    for (let after = this.#last - overlap; into.size <= mostKnown;) {
      const { rows } = await this.#pool.query<{ ordinal: string; key: Buffer }>({
        name: 'cache-keys',
        text: 'select ordinal, key from answer_cache where ordinal > $1 order by ordinal limit $2',
        values: [after.toString(), pageOf],
      })
      for (const { key } of rows) into.add(shortOf(key))
      const last = rows.at(-1)
      if (last) after = BigInt(last.ordinal)
      if (after > this.#last) this.#last = after
      if (rows.length < pageOf) return
    }
  }
}

/** Two keys that begin alike cost a look-up. */
const shortOf = (key: Buffer): number => key.readUIntBE(0, 6)
