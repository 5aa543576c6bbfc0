import type { Instant } from '../../core/clock.ts'
import { type CallId, monthOf, type TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'
import { callBody, type CallRecord } from './call-record.ts'

/** Rows of a page. A replay takes 25 microseconds a call, and nothing else runs meanwhile: with 1,000 a stream would wait for 30 ms. */
const pageOf = 200

export interface Window {
  readonly tenant: TenantId
  readonly route: string
  /** From this moment on. */
  readonly from: Instant
  /** And before this one. */
  readonly to: Instant
  /** The first so many. */
  readonly most: number
}

/** Owns: the table of recorded calls. Does not own: what a replay makes of them (plan-traffic.ts). */
export class TrafficLog {
  readonly #pool: Pool

  constructor(o: { readonly pool: Pool }) {
    this.#pool = o.pool
  }

  /** One statement for any number of calls, each with its lineage (no text, amounts as numbers); a call that is known stays as it is. */
  async append(records: readonly (CallRecord & { readonly outcome?: object })[]): Promise<void> {
    if (records.length === 0) return
    const rows = records.map(({ id, tenant, route, version, outcome = {}, ...body }) => ({
      t: tenant,
      month: monthOf(id),
      route,
      id,
      version,
      body, // as `callBody.encode` would have it, at a fifth of the time: of its fields only amounts are no JSON
      outcome,
    }))
    await this.#pool.query({
      name: 'model-call',
      text: `insert into model_call (t, month, route, id, version, body, outcome)
        select t, month, route, id, version, body, outcome from json_to_recordset($1)
          as x(t text, month int, route text, id text, version text, body jsonb, outcome jsonb)
        on conflict do nothing`,
      values: [JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))],
    })
  }

  /** In the order of their ids, which is that of their times. */
  async *read({ tenant, route, from, to, most }: Window): AsyncGenerator<CallRecord> {
    let after = boundOf(from)
    const end = boundOf(to)
    let left = most
    while (left > 0) {
      const { rows } = await this.#pool.query<{ id: CallId; version: string; body: unknown }>({
        name: 'model-calls',
        text: `select id, version, body from model_call
          where t = $1 and route = $2 and id > $3 and id < $4 and month between id_month($5) and id_month($4) order by id limit $6`,
        values: [tenant, route, after, end, boundOf(from), Math.min(left, pageOf)],
      })
      for (const { body, id, version } of rows) yield { id, tenant, route, version, ...callBody.parse(body) }
      const last = rows.at(-1)
      if (!last || rows.length < Math.min(left, pageOf)) return
      left -= rows.length
      after = last.id
    }
  }
}

/** Below every id of the moment and above every one before it. */
const boundOf = (at: Instant): string =>
  `cal_${Math.max(0, Math.floor(at)).toString(16).padStart(12, '0')}${'0'.repeat(20)}`
