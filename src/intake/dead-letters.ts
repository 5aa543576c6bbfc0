import type { KeyObject } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import type { MillraceError } from '../core/errors/millrace-error.ts'
import { type EventId, type KeyId, mintId, monthOf, type RunId, type TenantId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { seal } from '../core/seal.ts'
import type { Pool } from '../store/pool.ts'

/** What dead letters need of the keys: one for each event. */
export interface LetterKeys {
  mint(tenant: TenantId): { readonly id: KeyId; readonly wrapped: Buffer; readonly key: KeyObject }
}

export interface Unprocessable {
  readonly source: string
  readonly id: string
  readonly pipeline: string
  readonly type: string
  /** As it came: sealed beside the letter, so that nothing is lost. */
  readonly bytes: Uint8Array
  readonly error: MillraceError
}

export interface DeadLetter {
  readonly id: EventId
  readonly source: string
  readonly event: string
  readonly code: string
  readonly message: string
  readonly attempts: number
  /** Milliseconds since 1970. */
  readonly created: number
}

/**
 * Owns: what came in and cannot become an event. Does not own: events that became one and whose run could not start (dispatcher).
 *
 * 1. Kept durably with its bytes, once for each (source, id), before anyone is told what is wrong with it.
 * 2. It is settled in the inbox from the first moment, so that nothing waits for it.
 */
export class DeadLetters {
  readonly #pool: Pool
  readonly #keys: LetterKeys
  readonly #random: Random
  readonly #clock: Clock
  readonly #tenant: TenantId

  constructor(options: { pool: Pool; keys: LetterKeys; random: Random; clock: Clock; tenant: TenantId }) {
    this.#pool = options.pool
    this.#keys = options.keys
    this.#random = options.random
    this.#clock = options.clock
    this.#tenant = options.tenant
  }

  /** Answers whether it is new. */
  async keep({ source, id, pipeline, type, bytes, error }: Unprocessable): Promise<boolean> {
    const now = this.#clock.today()
    const fresh = this.#keys.mint(this.#tenant)
    const { body } = seal(fresh.key, { raw: Buffer.from(bytes).toString('base64') }, this.#random)
    const payload = mintId('pay', now, this.#random)
    const run: RunId = mintId('run', now, this.#random)
    const letter = mintId('evt', now, this.#random)
    const { rowCount } = await this.#pool.query({
      name: 'keep-dead-letter',
      text: `with i as (insert into inbox (t, source, id, run, pipeline, type, payload, state, settled)
          values ($1, $2, $3, $4, $5, $6, $7, 'dead', clock_timestamp()) on conflict (t, source, id) do nothing returning run),
        k as (insert into subject_key (t, id, retention_class, wrapped) select $1, $8, 'event', $9 from i),
        p as (insert into payload (t, month, id, key_id, class, body, bytes) select $1, $10, $7, $8, 'event', $11::bytea, length($11::bytea) from i)
        insert into dead_letter (t, id, source, event, run, code, message, attempts) select $1, $12, $2, $3, $4, $13, $14, 1 from i`,
      values: [
        this.#tenant,
        source,
        id,
        run,
        pipeline,
        type,
        payload,
        fresh.id,
        fresh.wrapped,
        monthOf(payload),
        body,
        letter,
        error.code,
        error.message.slice(0, 1000),
      ],
    })
    return (rowCount ?? 0) > 0
  }

  /** The letters of these events, by run id: those whose run could not start, and those kept here. */
  async ofRuns(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, DeadLetter>> {
    const { rows } = await this.#pool.query<DeadLetter & { run: RunId; created: string }>({
      name: 'dead-letters-of',
      text: `select id, run, source, event, code, message, attempts, extract(epoch from created) * 1000 as created
        from dead_letter where t = $1 and run = any($2) and replayed is null`,
      values: [this.#tenant, runs],
    })
    return new Map(rows.map(({ run, ...letter }) => [run, { ...letter, created: Number(letter.created) }]))
  }

  /** The newest first, at most `limit`. */
  async list(limit: number): Promise<readonly DeadLetter[]> {
    const { rows } = await this.#pool.query<DeadLetter & { created: string }>({
      name: 'dead-letters',
      text: `select id, source, event, code, message, attempts, extract(epoch from created) * 1000 as created
        from dead_letter where t = $1 and replayed is null order by created desc, id limit $2`,
      values: [this.#tenant, limit],
    })
    return rows.map((row) => ({ ...row, created: Number(row.created) }))
  }
}
