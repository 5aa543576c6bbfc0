import type { KeyObject } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { type KeyId, mintId, monthOf, type PayloadId, type TenantId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { Random } from '../core/random.ts'
import { seal, unseal } from '../core/seal.ts'
import type { Connection, Pool } from '../store/pool.ts'

/** What payloads need of the keys. */
export interface PayloadKeys {
  get(tenant: TenantId, key: KeyId): Promise<KeyObject>
  unwrap(tenant: TenantId, key: KeyId, wrapped: Uint8Array | null): KeyObject
}

/** Owns: values too large for a row, or that came from outside, sealed in the table `payload`. Does not own: their keys. */
export class Payloads {
  readonly #pool: Pool
  readonly #keys: PayloadKeys
  readonly #random: Random
  readonly #clock: Clock

  constructor(options: { pool: Pool; keys: PayloadKeys; random: Random; clock: Clock }) {
    this.#pool = options.pool
    this.#keys = options.keys
    this.#random = options.random
    this.#clock = options.clock
  }

  /** Seals and stores, in the caller's transaction where one is given. Errors: as the key's. */
  async store(
    payload: { tenant: TenantId; key: KeyId; class: string; value: Json },
    connection: Pool | Connection = this.#pool,
  ): Promise<PayloadId> {
    const key = await this.#keys.get(payload.tenant, payload.key)
    const id = mintId('pay', this.#clock.today(), this.#random)
    const { body } = seal(key, payload.value, this.#random)
    await connection.query({
      name: 'store-payload',
      text: 'insert into payload (t, month, id, key_id, class, body, bytes) values ($1, $2, $3, $4, $5, $6, $7)',
      values: [payload.tenant, monthOf(id), id, payload.key, payload.class, body, body.length],
    })
    return id
  }

  /** Errors: `governance/no-such-payload`, `governance/key-destroyed`, `governance/payload-altered`. */
  async load(tenant: TenantId, id: PayloadId): Promise<Json> {
    const { rows } = await this.#pool.query<{ key_id: KeyId; wrapped: Buffer | null; body: Buffer }>({
      name: 'load-payload',
      text: 'select p.key_id, k.wrapped, p.body from payload p left join subject_key k on k.t = p.t and k.id = p.key_id where p.t = $1 and p.month = $2 and p.id = $3',
      values: [tenant, monthOf(id), id],
    })
    const [row] = rows
    if (!row) throw new MillraceError('governance/no-such-payload', { payload: id })
    const key = this.#keys.unwrap(tenant, row.key_id, row.wrapped)
    try {
      return unseal(key, row.body)
    } catch (cause) {
      throw new MillraceError('governance/payload-altered', { payload: id }, { cause })
    }
  }
}
