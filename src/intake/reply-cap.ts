import { MillraceError } from '../core/errors/millrace-error.ts'
import type { TenantId } from '../core/ids.ts'
import { type Pool, transaction } from '../store/pool.ts'

/** Replies to one address a day, unless the project says otherwise. */
export const defaultRepliesADay = 10

/**
 * Owns: how many replies an address gets in a day (UTC, by the database's clock): two programs that answer each other stop there, and so does who
 * writes a thousand times. Does not own: what is sent (carriers).
 *
 * 1. A token counts once, however often it is tried, and from all processes together no more than the cap pass.
 * 2. No address is kept, only its keyed hash, and that for two days.
 */
export class ReplyCap {
  readonly #pool: Pool
  readonly #tenant: TenantId
  readonly #hash: (text: string) => Buffer
  readonly #most: number
  #swept = ''

  constructor(options: { pool: Pool; tenant: TenantId; hash: (text: string) => Buffer; most: number }) {
    this.#pool = options.pool
    this.#tenant = options.tenant
    this.#hash = options.hash
    this.#most = options.most
  }

  /** Counts the reply. Errors: `intake/too-many-replies`, and then it is not counted. */
  async count(token: string, address: string): Promise<void> {
    const day = await transaction(this.#pool, async (connection) => {
      // The token first: of two attempts at once the second waits here, and finds it counted.
      const fresh = await connection.query({
        name: 'reply-begin',
        text: 'insert into reply (t, token) values ($1, $2) on conflict (t, token) do nothing',
        values: [this.#tenant, token],
      })
      if (fresh.rowCount === 0) return undefined
      // A condition on the counter's own row is looked at again after a wait for its lock; `count(*)` of tokens would let two pass at once.
      const { rows } = await connection.query<{ day: string }>({
        name: 'reply-count',
        text: `insert into reply_count (t, day, address_hash, count) values ($1, (clock_timestamp() at time zone 'UTC')::date, $2, 1)
          on conflict (t, day, address_hash) do update set count = reply_count.count + 1 where reply_count.count < $3
          returning day::text`,
        values: [this.#tenant, this.#hash(mailboxOf(address)), this.#most],
      })
      const [row] = rows
      if (!row) throw new MillraceError('intake/too-many-replies', { most: this.#most })
      return row.day
    })
    if (day !== undefined) await this.#sweep(day)
  }

  /** Once a day and process. What fails here is swept tomorrow. */
  async #sweep(day: string): Promise<void> {
    if (day === this.#swept) return
    this.#swept = day
    await this.#pool
      .query('delete from reply_count where t = $1 and day < $2::date - 1', [this.#tenant, day])
      .catch(() => {})
  }
}

/** `ann+shop@x` is ann's mailbox at most servers: a counter of its own for each tag would be no cap. */
const mailboxOf = (address: string): string => address.toLowerCase().replace(/\+[^@]*@/, '@')
