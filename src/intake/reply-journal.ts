import type { Millis } from '../core/clock.ts'
import type { TenantId } from '../core/ids.ts'
import type { Pool } from '../store/pool.ts'

/** `absent`: nothing was handed over under this token. `handed-over`: somebody began to, `age` ago, and has not said how it ended. */
export type HandOver =
  | { readonly state: 'absent' }
  | { readonly state: 'handed-over'; readonly age: Millis }
  | { readonly state: 'sent' }
  | { readonly state: 'in-doubt' }

/**
 * Owns: which replies were handed to a mail server, for targets that do not know tokens themselves. Does not own: how many may go (reply-cap),
 * which makes the row of a token first.
 *
 * 1. One attempt of all processes may hand a token over; that is durable before its first byte leaves.
 * 2. It is handed over again only after the server said that it was not taken.
 */
export class ReplyJournal {
  readonly #pool: Pool
  readonly #tenant: TenantId

  constructor(options: { pool: Pool; tenant: TenantId }) {
    this.#pool = options.pool
    this.#tenant = options.tenant
  }

  async look(token: string): Promise<HandOver> {
    const { rows } = await this.#pool.query<{ state: string; age: number }>({
      name: 'reply-look',
      text: `select state, (extract(epoch from clock_timestamp() - handed_over) * 1000)::float8 as age
        from reply where t = $1 and token = $2 and state <> 'begun'`,
      values: [this.#tenant, token],
    })
    const [row] = rows
    if (!row) return { state: 'absent' }
    if (row.state === 'handed-over') return { state: 'handed-over', age: row.age }
    return { state: row.state === 'sent' ? 'sent' : 'in-doubt' }
  }

  /** True for one caller of all. */
  async handOver(token: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query({
      name: 'reply-hand-over',
      text: `insert into reply (t, token, state, handed_over) values ($1, $2, 'handed-over', clock_timestamp())
        on conflict (t, token) do update set state = 'handed-over', handed_over = clock_timestamp() where reply.state = 'begun'`,
      values: [this.#tenant, token],
    })
    return rowCount === 1
  }

  /** By who handed it over. `begun`: it was refused, and may be tried again. */
  async settle(token: string, state: 'sent' | 'in-doubt' | 'begun'): Promise<void> {
    await this.#pool.query({
      name: 'reply-settle',
      text: `update reply set state = $3, handed_over = case when $3 = 'begun' then null else handed_over end
        where t = $1 and token = $2 and state = 'handed-over'`,
      values: [this.#tenant, token, state],
    })
  }
}
