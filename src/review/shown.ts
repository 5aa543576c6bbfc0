import type { KeyObject } from 'node:crypto'
import { isMillraceError, MillraceError } from '../core/errors/millrace-error.ts'
import type { KeyId, TenantId, WorkItemId } from '../core/ids.ts'
import { digestOf, type Json, sha256 } from '../core/json.ts'
import type { Random } from '../core/random.ts'
import { seal, unseal } from '../core/seal.ts'
import type { Connection, Pool } from '../store/pool.ts'
import { authorityOf, type ItemContent, shownBytesOf } from './content.ts'
import type { DecideItem, Seen, Verdict } from './item.ts'
import type { Proposal } from './judgement.ts'
import type { ReviewKeys } from './ports.ts'
import { readItem } from './rows.ts'

/** What a decision was made on, sealed. `bytes` are those that the item's digest is of. */
interface Kept {
  readonly bytes: string
  /** Set: an approver before had edited, and this is what the next one was shown. */
  readonly edited?: { readonly action: string; readonly value: Json } | undefined
  readonly seen?: Seen | undefined
}

export interface Shown {
  readonly decision: string
  readonly item: WorkItemId
  readonly ordinal: number
  readonly person: string
  readonly at: number
  readonly verdict: Verdict
  readonly shownDigest: string
  /** The bytes still give the digest that the decision names. */
  readonly fits: boolean
  /** Undefined: nothing can be read. */
  readonly content: Json | undefined
  readonly seen: Seen | undefined
}

/** In the transaction of the decision. */
export async function keepShown(
  connection: Connection,
  made: {
    readonly tenant: TenantId
    readonly item: WorkItemId
    readonly ordinal: number
    readonly keyId: KeyId
    readonly key: KeyObject
    readonly random: Random
    readonly content: ItemContent
    readonly proposal: Proposal
    readonly request: DecideItem
  },
): Promise<void> {
  const { tenant, item, ordinal, keyId, key, random, content, proposal, request } = made
  const bytes = shownBytesOf(content)
  const isOther = proposal.shownDigest !== sha256(bytes)
  const edited =
    isOther && content.action && proposal.value !== undefined
      ? { action: content.action.digest, value: proposal.value }
      : undefined
  await connection.query({
    name: 'keep-shown',
    text: 'insert into shown (t, item, ordinal, key_id, body) values ($1, $2, $3, $4, $5)',
    values: [tenant, item, ordinal, keyId, seal(key, { bytes, edited, seen: request.seen }, random).body],
  })
}

/** Owns: showing again what a decision was made on, from the kept bytes alone: no template, form or item is read. */
export class ShownAgain {
  readonly #pool: Pool
  readonly #keys: ReviewKeys

  constructor(options: { pool: Pool; keys: ReviewKeys }) {
    this.#pool = options.pool
    this.#keys = options.keys
  }

  /** Errors: `review/no-such-decision`, `governance/key-destroyed`. */
  async show({ tenant, decision, viewer }: OfDecision): Promise<Shown> {
    const [, item = '', ordinal = ''] = /^(rev_[0-9a-f]{32})\.([1-9]\d{0,4})$/.exec(decision) ?? []
    const { rows } = await this.#pool.query<ShownRow>({
      name: 'shown',
      text: `select d.item, d.ordinal, d.person, d.at, d.verdict, d.shown_digest, s.key_id, s.body, k.wrapped
        from decision d join shown s on s.t = d.t and s.item = d.item and s.ordinal = d.ordinal
        left join subject_key k on k.t = s.t and k.id = s.key_id where d.t = $1 and d.item = $2 and d.ordinal = $3`,
      values: [tenant, item, Number(ordinal)],
    })
    const [row] = rows
    if (!row || (await this.#isWithheld(tenant, row, viewer))) throw noSuch(decision)
    const kept = this.#open(tenant, row)
    return {
      decision,
      item: row.item,
      ordinal: row.ordinal,
      person: row.person,
      at: row.at.getTime(),
      verdict: row.verdict,
      shownDigest: row.shown_digest,
      fits: kept !== undefined && digestOfKept(kept) === row.shown_digest,
      content: kept && contentOf(kept),
      seen: kept?.seen,
    }
  }

  /** Another's decision on an item that the viewer may still decide: they are not told that it exists. */
  async #isWithheld(tenant: TenantId, row: ShownRow, viewer: string): Promise<boolean> {
    if (row.person === viewer) return false
    const item = await readItem(this.#pool, { tenant, item: row.item, lock: false })
    if (item?.state !== 'open') return false
    const { rowCount } = await this.#pool.query({
      name: 'has-decided',
      text: 'select 1 from decision where t = $1 and item = $2 and person = $3',
      values: [tenant, row.item, viewer],
    })
    return rowCount === 0
  }

  /** Undefined: a byte of it was altered. */
  #open(tenant: TenantId, row: ShownRow): Kept | undefined {
    try {
      return unseal(this.#keys.unwrap(tenant, row.key_id, row.wrapped), row.body) as unknown as Kept // sealed by `keepShown`
    } catch (error) {
      if (isMillraceError(error, 'governance/key-destroyed')) throw error
      return undefined
    }
  }
}

export interface OfDecision {
  readonly tenant: TenantId
  /** The item's id, a full stop, the ordinal. */
  readonly decision: string
  readonly viewer: string
}
interface ShownRow {
  readonly item: WorkItemId
  readonly ordinal: number
  readonly person: string
  readonly at: Date
  readonly verdict: Verdict
  readonly shown_digest: string
  readonly key_id: KeyId
  readonly body: Buffer
  readonly wrapped: Buffer | null
}

const digestOfKept = ({ bytes, edited }: Kept): string =>
  edited ? digestOf([sha256(bytes), authorityOf({ name: '', digest: edited.action }, edited.value)]) : sha256(bytes)

function contentOf({ bytes, edited }: Kept): Json {
  const content = JSON.parse(bytes) as { readonly [key: string]: Json } // an object by `shownBytesOf`
  return edited ? { ...content, proposed: edited.value } : content
}

const noSuch = (decision: string): MillraceError =>
  new MillraceError('review/no-such-decision', { decision: decision.slice(0, 64) })
