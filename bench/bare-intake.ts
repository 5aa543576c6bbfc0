import { randomBytes } from 'node:crypto'
import { systemClock } from '../src/core/clock.ts'
import { mainTenant, mintId, monthOf } from '../src/core/ids.ts'
import { systemRandom } from '../src/core/random.ts'
import type { Pool } from '../src/store/pool.ts'

/** Bytes of a sealed event of this benchmark, and of a data key under the master key. */
interface Sizes {
  readonly body: number
  readonly wrapped: number
}

const tables = ['inbox', 'subject_key', 'payload'] as const

/** Owns: tables of the intake's shape, with its indexes and checks, and their filling by as plain an insert as there is. */
export class BareIntake {
  readonly #pool: Pool
  readonly #sizes: Sizes

  private constructor(pool: Pool, sizes: Sizes) {
    this.#pool = pool
    this.#sizes = sizes
  }

  /** Sizes are those of what stands in the intake's own tables. */
  static async open(pool: Pool): Promise<BareIntake> {
    for (const table of tables) await pool.query(`create table bare_${table} (like ${table} including all)`)
    const { rows } = await pool.query<Sizes>(
      'select max(length(p.body)) as body, max(length(k.wrapped)) as wrapped from payload p join subject_key k on k.t = p.t and k.id = p.key_id',
    )
    if (!rows[0]) throw new Error('the intake has kept nothing yet')
    return new BareIntake(pool, rows[0])
  }

  /** Rows made beforehand: what is measured is the insert alone. */
  batchOf(
    names: readonly string[],
    { pipeline, principal, type }: { pipeline: string; principal: string; type: string },
  ): unknown[] {
    const now = systemClock.today()
    const rows = names.map((id) => ({
      id,
      run: mintId('run', now, systemRandom),
      payload: mintId('pay', now, systemRandom),
      key: mintId('key', now, systemRandom),
      wrapped: randomBytes(this.#sizes.wrapped),
      body: randomBytes(this.#sizes.body),
    }))
    return [
      mainTenant,
      rows.map(() => 'urn:bench'),
      rows.map((row) => row.id),
      rows.map((row) => row.run),
      rows.map(() => pipeline),
      rows.map(() => type),
      rows.map(() => 2),
      rows.map((row) => row.payload),
      rows.map(() => principal),
      rows.map((row) => monthOf(row.payload)),
      rows.map((row) => row.key),
      rows.map((row) => row.wrapped),
      rows.map((row) => row.body),
    ]
  }

  /** One statement, one commit. */
  async insert(values: unknown[]): Promise<void> {
    await this.#pool.query({
      name: 'bare-intake',
      text: `with x as (select * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::text[], $9::text[], $10::int[], $11::text[], $12::bytea[], $13::bytea[])
          as x(source, id, run, pipeline, type, priority, payload, principal, month, key, wrapped, body)),
        k as (insert into bare_subject_key (t, id, retention_class, wrapped) select $1, key, 'event', wrapped from x),
        p as (insert into bare_payload (t, month, id, key_id, class, body, bytes) select $1, month, payload, key, 'event', body, length(body) from x)
        insert into bare_inbox (t, source, id, run, pipeline, type, priority, payload, principal)
        select $1, source, id, run, pipeline, type, priority, payload, principal from x`,
      values,
    })
  }

  async count(): Promise<number> {
    const { rows } = await this.#pool.query<{ n: number }>('select count(*)::int as n from bare_inbox')
    return rows[0]?.n ?? 0
  }
}
