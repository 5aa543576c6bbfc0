import { z } from 'zod'
import type { Clock, Instant } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { isId, mintId, type PersonId, type TenantId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { type Pool, transaction } from '../store/pool.ts'
import type { AuditLog } from './audit-log.ts'

/** Who decides, starts and is answerable. The principal is always a person; a key or a service is context. */
export interface Person {
  readonly tenant: TenantId
  readonly id: PersonId
  readonly name: string
  readonly email: string | undefined
  readonly created: Instant
}

interface Row extends Record<string, unknown> {
  t: TenantId
  id: PersonId
  name: string
  email: string | null
  created: Date
}

/** The most of one page of a list. */
const mostListed = 200

const line = (most: number): z.ZodString =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^\P{Cc}*$/u, 'a line without control characters')
const newPerson = z.object({ name: line(100), email: z.email().max(254).optional() })

/** Owns: the table `person`. Does not own: what a person may do (policy), nor how they prove who they are (keys, sessions). */
export class People {
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

  /** Adds a person. `actor` is who does it; undefined: Millrace itself, for the data directory's owner. Errors: `governance/bad-person`. */
  async add(q: {
    readonly tenant: TenantId
    readonly name: string
    readonly email?: string | undefined
    readonly actor: PersonId | undefined
  }): Promise<Person> {
    const { name, email } = parsePersonInput(newPerson, q)
    const id = mintId('per', this.#clock.today(), this.#random)
    return transaction(this.#pool, async (connection) => {
      const { rows } = await connection.query<Row>(
        'insert into person (t, id, name, email) values ($1, $2, $3, $4) returning *',
        [q.tenant, id, name, email ?? null],
      )
      await this.#audit.append(connection, [{ tenant: q.tenant, actor: q.actor, action: 'people/added', object: id }])
      return personOf(found(rows[0], id))
    })
  }

  /** Errors: `governance/no-such-person`. */
  async get(tenant: TenantId, id: string): Promise<Person> {
    if (!isId('per', id)) throw new MillraceError('governance/no-such-person', { person: id })
    const { rows } = await this.#pool.query<Row>({
      name: 'person',
      text: 'select * from person where t = $1 and id = $2',
      values: [tenant, id],
    })
    return personOf(found(rows[0], id))
  }

  /** A page in the order in which they were added; `after` is the last id of the page before. */
  async list(
    tenant: TenantId,
    page: { readonly after?: string | undefined; readonly limit?: number } = {},
  ): Promise<Person[]> {
    const { rows } = await this.#pool.query<Row>({
      name: 'people',
      text: 'select * from person where t = $1 and id > $2 order by id limit $3',
      values: [tenant, page.after ?? '', Math.min(page.limit ?? mostListed, mostListed)],
    })
    return rows.map(personOf)
  }
}

const personOf = (row: Row): Person => ({
  tenant: row.t,
  id: row.id,
  name: row.name,
  email: row.email ?? undefined,
  created: row.created.getTime(),
})

function found(row: Row | undefined, id: string): Row {
  if (!row) throw new MillraceError('governance/no-such-person', { person: id })
  return row
}

/** What a person typed, checked; every problem at once. Errors: `governance/bad-person`. */
export function parsePersonInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const read = schema.safeParse(input)
  if (read.success) return read.data
  const problems = read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  throw new MillraceError('governance/bad-person', { problems })
}
