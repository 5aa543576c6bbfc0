import type { Instant } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import type { PersonId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { Random } from '../core/random.ts'
import { seal, unseal } from '../core/seal.ts'
import type { Pool } from '../store/pool.ts'
import type { OfItem } from './item.ts'
import type { ReviewKeys } from './ports.ts'
import { readItem } from './rows.ts'

export interface OfDraft extends OfItem {
  readonly person: PersonId
}
export interface SaveDraft extends OfDraft {
  /** Of the draft that this one follows; 0: there was none. */
  readonly version: number
  readonly content: Json
}
export interface Draft {
  readonly version: number
  readonly saved: Instant
  readonly content: Json
}

/**
 * Owns: what a person has typed and not decided, sealed under the item's key; one for each person and item, and nobody else reads it.
 * A save names the version that it follows, so that two windows of one person overwrite nothing of each other unseen.
 */
export class Drafts {
  readonly #pool: Pool
  readonly #keys: ReviewKeys
  readonly #random: Random

  constructor(options: { pool: Pool; keys: ReviewKeys; random: Random }) {
    this.#pool = options.pool
    this.#keys = options.keys
    this.#random = options.random
  }

  async read(of: OfDraft): Promise<Draft | undefined> {
    const { tenant, item, person } = of
    const { key } = await this.#item(of)
    const { rows } = await this.#pool.query<{ version: number; saved: Date; body: Buffer }>({
      name: 'draft',
      text: 'select version, saved, body from draft where t = $1 and item = $2 and person = $3',
      values: [tenant, item, person],
    })
    const [row] = rows
    return row && { version: row.version, saved: row.saved.getTime(), content: unseal(key, row.body) }
  }

  async save(request: SaveDraft): Promise<Draft> {
    const { tenant, item, person, version, content } = request
    const { key, row } = await this.#item(request)
    const { rows } = await this.#pool.query<{ version: number; saved: Date }>({
      name: 'save-draft',
      text: `insert into draft as d (t, item, person, version, key_id, body) select $1, $2, $3, 1, $5, $6::bytea where $4::int = 0
          or exists (select 1 from draft where t = $1 and item = $2 and person = $3)
        on conflict (t, item, person) do update set version = d.version + 1, saved = clock_timestamp(), body = $6 where d.version = $4::int
        returning version, saved`,
      values: [tenant, item, person, version, row.key_id, seal(key, content, this.#random).body],
    })
    const [saved] = rows
    if (saved) return { version: saved.version, saved: saved.saved.getTime(), content }
    throw new MillraceError('review/draft-changed', { item, version: (await this.read(request))?.version ?? 0 })
  }

  async #item({ tenant, item }: OfItem) {
    const row = await readItem(this.#pool, { tenant, item, lock: false })
    if (!row) throw new MillraceError('review/no-such-item', { item })
    return { row, key: this.#keys.unwrap(tenant, row.key_id, row.wrapped) }
  }
}
