import type { KeyObject } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { type CanonicalEvent, isJson } from '../core/event.ts'
import { type KeyId, mintId, monthOf, type PersonId, type RunId, type TenantId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { sealBody } from '../core/seal.ts'
import { arrayLiteral } from '../store/array-literal.ts'
import type { Pool } from '../store/pool.ts'

/** What the inbox needs of the keys: one for each event, until its person is known. */
export interface EventKeys {
  mint(tenant: TenantId): { readonly id: KeyId; readonly wrapped: Buffer; readonly key: KeyObject }
}

export interface Offer {
  readonly event: CanonicalEvent
  readonly pipeline: string
  /** 0 first, 3 last. */
  readonly priority: number
  readonly principal: PersonId | undefined
  /** Its run changes nothing outside until a person releases it. Of a known event it says nothing: that keeps the run that it has. */
  readonly hold?: boolean
}

export interface Accepted {
  readonly run: RunId
  /** False: it was known from before, and keeps the run that it got then. */
  readonly isNew: boolean
}

/**
 * Owns: the inbox. An event is accepted durably, once for each (source, id); its run's id is minted in the same transaction; nobody is told
 * "accepted" before the commit. The payload stands encrypted beside it, under the event's own key.
 */
export class Inbox {
  readonly #pool: Pool
  readonly #keys: EventKeys
  readonly #random: Random
  readonly #clock: Clock
  readonly #tenant: TenantId

  constructor(options: { pool: Pool; keys: EventKeys; random: Random; clock: Clock; tenant: TenantId }) {
    this.#pool = options.pool
    this.#keys = options.keys
    this.#random = options.random
    this.#clock = options.clock
    this.#tenant = options.tenant
  }

  /** Accepts a batch in one commit; the answers stand in the order of the offers. Errors: `intake/unkept-event`, and then nothing is taken. */
  async accept(offers: readonly Offer[]): Promise<readonly Accepted[]> {
    const now = this.#clock.today()
    const rows = offers.map((offer, n) => {
      const fresh = this.#keys.mint(this.#tenant)
      const body = this.#seal(fresh.key, offer, n)
      return { offer, fresh, body, run: mintId('run', now, this.#random) }
    })
    const [first] = rows
    if (!first) return []
    const places = placesOf(rows)
    const held = rows.filter((r) => r.offer.hold === true).map((r) => r.run)
    const { rows: answer } = await this.#pool.query<{ inserted: number }>({
      name: held.length > 0 ? 'accept-held' : 'accept', // what holds nothing pays nothing for it
      // One buffer for all bytes, cut there: an array of them would be sent as hexadecimal text, twice as long.
      // The payload is named after its run: an id less to mint, to send and to read.
      text: `with x as (select source, id, run, pipeline, type, priority, 'pay_' || substring(run from 5) as payload, principal, key,
            substring($12::bytea from wrapped_at for body_at - wrapped_at) as wrapped, substring($12::bytea from body_at for body_end - body_at) as body
          from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::text[], $10::text[], $11::int[], $13::int[], $14::int[])
            as x(source, id, run, pipeline, type, priority, principal, key, wrapped_at, body_at, body_end)),
        i as (insert into inbox (t, source, id, run, pipeline, type, priority, payload, principal)
          -- sorted by what it is distinct on: two batches at once take their rows in one order, and wait for each other instead of for ever
          select distinct on (source, id) $1, source, id, run, pipeline, type, priority, payload, principal from x on conflict (t, source, id) do nothing returning run),
        k as (insert into subject_key (t, id, retention_class, wrapped) select $1, x.key, 'event', x.wrapped from x join i on i.run = x.run),
        p as (insert into payload (t, month, id, key_id, class, body, bytes) select $1, $9::int, x.payload, x.key, 'event', x.body, length(x.body) from x join i on i.run = x.run)
        ${held.length > 0 ? ', h as (insert into run_hold (t, run) select $1, i.run from i where i.run = any ($15::text[]))' : ''}
        select count(*)::int as inserted from i`,
      values: [
        this.#tenant,
        arrayLiteral(rows.map((r) => r.offer.event.source)),
        arrayLiteral(rows.map((r) => r.offer.event.id)),
        arrayLiteral(rows.map((r) => r.run)),
        arrayLiteral(rows.map((r) => r.offer.pipeline)),
        arrayLiteral(rows.map((r) => r.offer.event.type)),
        arrayLiteral(rows.map((r) => r.offer.priority)),
        arrayLiteral(rows.map((r) => r.offer.principal)),
        monthOf(first.run), // all of one moment
        arrayLiteral(rows.map((r) => r.fresh.id)),
        arrayLiteral(places.map((place) => place.wrapped)),
        Buffer.concat(rows.flatMap((r) => [r.fresh.wrapped, r.body])),
        arrayLiteral(places.map((place) => place.body)),
        arrayLiteral(places.map((place) => place.end)),
        ...(held.length > 0 ? [arrayLiteral(held)] : []),
      ],
    })
    // A count, and not the runs: rows that come back to be compared would cost every batch what only one with a known event needs.
    if (answer[0]?.inserted === rows.length) return rows.map(({ run }) => ({ run, isNew: true }))
    const kept = await this.#runsOf(rows.map((row) => row.offer.event))
    return rows.map(({ offer, run: own }) => {
      const run = kept.get(nameOf(offer.event))
      if (!run) throw new TypeError('an event that is known has a run') // rows of the inbox are never deleted
      return { run, isNew: run === own }
    })
  }

  /** Whoever offers an event has parsed it; what gets past that is refused here, before anything of the batch is written. */
  #seal(key: KeyObject, { event, pipeline, priority }: Offer, n: number): Buffer {
    const refuse = (why: string): MillraceError => new MillraceError('intake/unkept-event', { n: n + 1, why })
    const names = `${event.source}${event.id}${event.type}${pipeline}`
    if (/[\p{Cc}\p{Cs}]/u.test(names)) throw refuse('a name in it has control characters or half a character')
    if (!(Number.isInteger(priority) && priority >= 0 && priority <= 3)) throw refuse('its priority is not 0 to 3')
    if (![event.data, event.subject ?? null, event.time ?? null].every((part) => isJson(part)))
      throw refuse('its data is not JSON')
    return sealBody(key, JSON.stringify(event), this.#random)
  }

  async #runsOf(events: readonly CanonicalEvent[]): Promise<Map<string, RunId>> {
    const { rows } = await this.#pool.query<{ source: string; id: string; run: RunId }>({
      name: 'inbox-runs',
      text: 'select i.source, i.id, i.run from inbox i join unnest($2::text[], $3::text[]) as x(source, id) on i.source = x.source and i.id = x.id where i.t = $1',
      values: [this.#tenant, events.map((event) => event.source), events.map((event) => event.id)],
    })
    return new Map(rows.map((row) => [nameOf(row), row.run]))
  }
}

const nameOf = ({ source, id }: { source: string; id: string }): string => `${source}\0${id}`

/** Where, in the buffer of all rows, each one's wrapped key begins, its body begins, and ends: counted from 1, as Postgres does. */
function placesOf(
  rows: readonly { readonly fresh: { readonly wrapped: Buffer }; readonly body: Buffer }[],
): readonly { readonly wrapped: number; readonly body: number; readonly end: number }[] {
  let at = 1
  return rows.map(({ body, fresh }) => {
    const place = { wrapped: at, body: at + fresh.wrapped.length, end: at + fresh.wrapped.length + body.length }
    at = place.end
    return place
  })
}
