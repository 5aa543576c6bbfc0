import type { KeyObject } from 'node:crypto'
import type { Clock, Instant } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { type EventId, isId, type KeyId, mintId, monthOf, type RunId, type TenantId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { Random } from '../core/random.ts'
import { seal, unseal } from '../core/seal.ts'
import { type Connection, type Pool, transaction } from '../store/pool.ts'

/** What dead letters need of the keys: one for each event. */
export interface LetterKeys {
  mint(tenant: TenantId): { readonly id: KeyId; readonly wrapped: Buffer; readonly key: KeyObject }
  /** Errors: `governance/key-destroyed`. */
  unwrap(tenant: TenantId, key: KeyId, wrapped: Uint8Array | null): KeyObject
}

export interface Unprocessable {
  readonly source: string
  readonly id: string
  readonly pipeline: string
  readonly type: string
  /** As it came: sealed beside the letter, so that nothing is lost. */
  readonly bytes: Uint8Array
  readonly error: MillraceError
  /** Replayed, its run will be held, as it was sent. */
  readonly hold?: boolean
}

export interface DeadLetter {
  readonly id: EventId
  /** That it has had from the first, or would have. */
  readonly run: RunId
  readonly source: string
  readonly event: string
  readonly pipeline: string
  readonly code: string
  readonly message: string
  readonly attempts: number
  /** Milliseconds since 1970. */
  readonly created: Instant
}

/** What is behind a letter: an event whose run could not start, or bytes that never became one. */
export type LetterContent = { readonly event: Json } | { readonly bytes: Uint8Array }

interface Row {
  readonly id: EventId
  readonly run: RunId
  readonly source: string
  readonly event: string
  readonly pipeline: string
  readonly code: string
  readonly message: string
  readonly attempts: number
  readonly created: string
}

const columns =
  'd.id, d.run, d.source, d.event, i.pipeline, d.code, d.message, d.attempts, extract(epoch from d.created) * 1000 as created'
const letters = `select ${columns} from dead_letter d join inbox i on i.t = d.t and i.source = d.source and i.id = d.event where d.t = $1 and d.replayed is null`

/**
 * Owns: what came in and cannot be processed: its list, its content, its replay. Does not own: why an event is put here (dispatcher, connectors).
 *
 * 1. Kept durably with its bytes, once for each (source, id), before anyone is told what is wrong with it.
 * 2. A replayed letter goes back to the inbox under the run id that it was given first: started twice it would still be one run.
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

  /** Keeps what cannot become an event. Answers whether it is new. */
  async keep({ source, id, pipeline, type, bytes, error, hold = false }: Unprocessable): Promise<boolean> {
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
        p as (insert into payload (t, month, id, key_id, class, body, bytes) select $1, $10, $7, $8, 'event', $11::bytea, length($11::bytea) from i),
        h as (insert into run_hold (t, run) select $1, run from i where $15)
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
        hold,
      ],
    })
    return (rowCount ?? 0) > 0
  }

  /** The letters of these events, by run id: those whose run could not start, and those kept here. */
  async ofRuns(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, DeadLetter>> {
    const values = [this.#tenant, runs]
    const { rows } = await this.#pool.query<Row>({
      name: 'dead-letters-of',
      text: `${letters} and d.run = any($2)`,
      values,
    })
    return new Map(rows.map((row) => [row.run, letterOf(row)]))
  }

  /** The newest first; `after` is the last one of the page before. */
  async list({
    after,
    limit,
  }: {
    readonly after?: EventId | undefined
    readonly limit: number
  }): Promise<readonly DeadLetter[]> {
    const text = `${letters} and ($2::text is null or d.id < $2) order by d.id desc limit $3`
    const { rows } = await this.#pool.query<Row>({
      name: 'dead-letters',
      text,
      values: [this.#tenant, after ?? null, limit],
    })
    return rows.map(letterOf)
  }

  /** A letter with what is behind it. Errors: `intake/no-such-letter`, `governance/key-destroyed`. */
  async show(id: string): Promise<DeadLetter & { readonly content: LetterContent }> {
    const letter = await this.#find(this.#pool, id)
    return { ...letterOf(letter), content: await this.#content(this.#pool, letter) }
  }

  /**
   * Sends a letter back to the inbox; of bytes that never became an event, `read` makes one now. Answers the run that it will be.
   * Errors: `intake/no-such-letter`, those of `read`; then nothing has changed.
   */
  async replay(id: string, read: (letter: DeadLetter, bytes: Uint8Array) => Promise<Json>): Promise<RunId> {
    const found = await this.#find(this.#pool, id)
    const content = await this.#content(this.#pool, found)
    const event = 'bytes' in content ? await read(letterOf(found), content.bytes) : undefined
    return transaction(this.#pool, async (connection) => {
      const letter = await this.#find(connection, id, 'for update of d') // two at once: one of them replays
      const payload = event === undefined ? undefined : await this.#store(connection, event)
      await connection.query(
        `update inbox set state = 'pending', attempts = 0, next_attempt = null, settled = null, payload = coalesce($4, payload)
         where t = $1 and source = $2 and id = $3 and state = 'dead'`,
        [this.#tenant, letter.source, letter.event, payload ?? null],
      )
      await connection.query('update dead_letter set replayed = clock_timestamp() where t = $1 and id = $2', [
        this.#tenant,
        id,
      ])
      return letter.run
    })
  }

  async #find(connection: Pool | Connection, id: string, lock = ''): Promise<Row> {
    const { rows } = isId('evt', id)
      ? await connection.query<Row>(`${letters} and d.id = $2 ${lock}`, [this.#tenant, id])
      : { rows: [] }
    const [row] = rows
    if (!row) throw new MillraceError('intake/no-such-letter', { letter: id.slice(0, 64) })
    return row
  }

  async #content(connection: Pool | Connection, { event, source }: Row): Promise<LetterContent> {
    const { rows } = await connection.query<{ key_id: KeyId; wrapped: Buffer | null; body: Buffer }>(
      `select p.key_id, k.wrapped, p.body from inbox i join payload p on p.t = i.t and p.month = id_month(i.payload) and p.id = i.payload
       join subject_key k on k.t = p.t and k.id = p.key_id where i.t = $1 and i.source = $2 and i.id = $3`,
      [this.#tenant, source, event],
    )
    const [row] = rows
    if (!row) throw new MillraceError('governance/no-such-payload', { payload: event })
    const opened = unseal(this.#keys.unwrap(this.#tenant, row.key_id, row.wrapped), row.body)
    const raw = opened instanceof Object && 'raw' in opened ? opened.raw : undefined
    return typeof raw === 'string' ? { bytes: Buffer.from(raw, 'base64') } : { event: opened }
  }

  async #store(connection: Connection, event: Json): Promise<string> {
    const fresh = this.#keys.mint(this.#tenant)
    const payload = mintId('pay', this.#clock.today(), this.#random)
    const { body } = seal(fresh.key, event, this.#random)
    await connection.query(`insert into subject_key (t, id, retention_class, wrapped) values ($1, $2, 'event', $3)`, [
      this.#tenant,
      fresh.id,
      fresh.wrapped,
    ])
    await connection.query(
      `insert into payload (t, month, id, key_id, class, body, bytes) values ($1, $2, $3, $4, 'event', $5, $6)`,
      [this.#tenant, monthOf(payload), payload, fresh.id, body, body.length],
    )
    return payload
  }
}

const letterOf = ({ run, created, ...letter }: Row): DeadLetter => ({ ...letter, run, created: Number(created) })
