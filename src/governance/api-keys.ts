import { hash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Clock, Instant } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { isId, type KeyId, mintId, type PersonId, type TenantId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { type Pool, transaction } from '../store/pool.ts'
import type { AuditLog } from './audit-log.ts'
import { grantColumns, grantOf, type GrantRow, type ModelGrant, newGrant } from './model-grant.ts'
import { parsePersonInput } from './people.ts'

/** A key as it is listed: never its secret, which is shown once. */
export interface ApiKey {
  readonly tenant: TenantId
  readonly id: KeyId
  readonly person: PersonId
  /** What it is for: `laptop`, `ci`. */
  readonly name: string
  readonly created: Instant
  readonly expires: Instant | undefined
  readonly revoked: Instant | undefined
  /** To the minute. */
  readonly lastUsed: Instant | undefined
  /** It is for models, and this is what it may do; absent: it is for the API. */
  readonly grant?: ModelGrant | undefined
}

/** Who a secret belongs to. */
export interface Verified {
  readonly tenant: TenantId
  readonly person: { readonly id: PersonId; readonly name: string }
  readonly key: { readonly id: KeyId; readonly name: string }
  /** The key is for models, and opens nothing of the API; absent: it is for the API. */
  readonly grant?: ModelGrant
}

interface Row extends GrantRow, Record<string, unknown> {
  t: TenantId
  id: KeyId
  person: PersonId
  name: string
  created: Date
  expires: Date | null
  revoked: Date | null
  last_used: Date | null
}

const columns = `a.t, a.id, a.person, a.name, a.created, a.expires, a.revoked, a.last_used, ${grantColumns}`
const withGrant = 'left join model_grant g on g.t = a.t and g.key = a.id'
/** `mr_`, 32 random bytes, then 24 bits of their SHA-256: a mistyped key is refused without the database, and scanners for lost keys find few others. */
const form = /^mr_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{4})$/
const newKey = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^\P{Cc}*$/u, 'a line without control characters'),
  grant: newGrant.optional(),
})

/**
 * Owns: the tables `api_key` and `model_grant`. Does not own: people, nor what they may do; nor how a grant is kept to (models).
 *
 * 1. A secret is shown once, to who made it; the database has its SHA-256. 256 random bits need no slow hash.
 * 2. A secret is looked up by its hash: how long that takes says nothing of any secret.
 * 3. Expired and revoked keys answer as unknown ones do, by the database's clock.
 * 4. Each change is an audit row of the same transaction.
 * 5. A key is for the API or for models, from its making on: its grant never changes.
 */
export class ApiKeys {
  readonly #pool: Pool
  readonly #audit: AuditLog
  readonly #random: Random
  readonly #clock: Clock

  constructor(options: { pool: Pool; audit: AuditLog; random: Random; clock: Clock }) {
    this.#pool = options.pool
    this.#audit = options.audit
    this.#random = options.random
    this.#clock = options.clock
  }

  /** Makes a key for a person. Errors: `governance/bad-person`, `governance/no-such-person`. */
  async create(q: {
    readonly tenant: TenantId
    readonly person: PersonId
    readonly name: string
    readonly expires?: Instant | undefined
    /** It is for models: what it may do. Whether its routes and budgets exist is not known here. */
    readonly grant?: z.input<typeof newGrant> | undefined
    /** Who does it; undefined: Millrace itself. */
    readonly actor: PersonId | undefined
  }): Promise<{ readonly key: ApiKey; readonly secret: string }> {
    const { name, grant } = parsePersonInput(newKey, q)
    const expires = q.expires === undefined ? null : dateOf(q.expires)
    const id = mintId('key', this.#clock.today(), this.#random)
    const secret = makeSecret(this.#random.bytes(32))
    return transaction(this.#pool, async (connection) => {
      const { rows: people } = await connection.query<{ late: boolean | null }>(
        'select $3::timestamptz <= clock_timestamp() as late from person where t = $1 and id = $2',
        [q.tenant, q.person, expires],
      )
      if (!people[0]) throw new MillraceError('governance/no-such-person', { person: q.person })
      if (people[0].late) throw new MillraceError('governance/bad-person', { problems: 'expires: it is in the past' })
      await connection.query(
        'insert into api_key (t, id, person, name, secret_hash, expires) values ($1, $2, $3, $4, $5, $6)',
        [q.tenant, id, q.person, name, hashOf(secret), expires],
      )
      if (grant)
        await connection.query(
          `insert into model_grant (t, key, routes, budgets, data_class, requests, tokens, at_once) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
          [
            q.tenant,
            id,
            grant.routes ?? null,
            grant.budgets,
            grant.dataClass,
            grant.requests ?? null,
            grant.tokens ?? null,
            grant.atOnce ?? null,
          ],
        )
      const { rows } = await connection.query<Row>(
        `select ${columns} from api_key a ${withGrant} where a.t = $1 and a.id = $2`,
        [q.tenant, id],
      )
      await this.#audit.append(connection, [
        { tenant: q.tenant, actor: q.actor, action: 'api-keys/created', object: id },
      ])
      return { key: keyOf(found(rows[0], id)), secret }
    })
  }

  /** Who holds the secret; undefined for a mistyped, unknown, expired or revoked one. Notes the use at most once a minute. */
  async verify(secret: string): Promise<Verified | undefined> {
    if (!isSecret(secret)) return undefined
    const wanted = hashOf(secret)
    const { rows } = await this.#pool.query<
      GrantRow & {
        t: TenantId
        id: KeyId
        name: string
        secret_hash: Buffer
        person: PersonId
        person_name: string
      }
    >({
      name: 'verify-api-key',
      text: `with k as (
          select k.t, k.id, k.name, k.secret_hash, k.person, p.name as person_name, ${grantColumns}
          from api_key k join person p on p.t = k.t and p.id = k.person left join model_grant g on g.t = k.t and g.key = k.id
          where k.secret_hash = $1 and k.revoked is null and (k.expires is null or k.expires > clock_timestamp())),
        u as (update api_key a set last_used = clock_timestamp() from k
          where a.t = k.t and a.id = k.id and (a.last_used is null or a.last_used < clock_timestamp() - interval '1 minute'))
        select * from k`,
      values: [wanted],
    })
    const [row] = rows
    if (!row || !timingSafeEqual(row.secret_hash, wanted)) return undefined
    const grant = grantOf(row)
    return {
      tenant: row.t,
      person: { id: row.person, name: row.person_name },
      key: { id: row.id, name: row.name },
      ...(grant && { grant }),
    }
  }

  /** Ends a key at once. Errors: `governance/no-such-api-key`, also when it is revoked already. */
  async revoke(q: {
    readonly tenant: TenantId
    readonly key: string
    readonly actor: PersonId | undefined
  }): Promise<ApiKey> {
    if (!isId('key', q.key)) throw new MillraceError('governance/no-such-api-key', { key: q.key })
    return transaction(this.#pool, async (connection) => {
      const { rows } = await connection.query<Row>(
        `with a as (update api_key set revoked = clock_timestamp() where t = $1 and id = $2 and revoked is null returning *)
          select ${columns} from a ${withGrant}`,
        [q.tenant, q.key],
      )
      const row = found(rows[0], q.key)
      await this.#audit.append(connection, [
        { tenant: q.tenant, actor: q.actor, action: 'api-keys/revoked', object: row.id },
      ])
      return keyOf(row)
    })
  }

  /** A tenant's keys, or a person's, revoked ones included, oldest first. */
  async list(tenant: TenantId, person?: PersonId): Promise<ApiKey[]> {
    const { rows } = await this.#pool.query<Row>({
      name: 'api-keys',
      text: `select ${columns} from api_key a ${withGrant} where a.t = $1 and ($2::text is null or a.person = $2) order by a.id limit 1000`,
      values: [tenant, person ?? null],
    })
    return rows.map(keyOf)
  }
}

function makeSecret(bytes: Buffer): string {
  const text = bytes.toString('base64url')
  return `mr_${text}${checksumOf(text)}`
}

const checksumOf = (text: string): string => hash('sha256', text, 'buffer').subarray(0, 3).toString('base64url')

/** True for the form of a secret: not whether it opens anything. */
function isSecret(text: string): boolean {
  const [, random, checksum] = form.exec(text) ?? []
  return random !== undefined && checksumOf(random) === checksum
}

const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer')

const keyOf = (row: Row): ApiKey => ({
  tenant: row.t,
  id: row.id,
  person: row.person,
  name: row.name,
  created: row.created.getTime(),
  expires: row.expires?.getTime(),
  revoked: row.revoked?.getTime(),
  lastUsed: row.last_used?.getTime(),
  grant: grantOf(row),
})

function found(row: Row | undefined, id: string): Row {
  if (!row) throw new MillraceError('governance/no-such-api-key', { key: id })
  return row
}

function dateOf(at: Instant): Date {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) throw new MillraceError('governance/bad-person', { problems: 'expires: no date' })
  return date
}
