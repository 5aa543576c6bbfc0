import { hash } from 'node:crypto'
import type { Instant } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import type { PersonId, TenantId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { type Connection, type Pool, transaction } from '../store/pool.ts'
import type { AuditLog } from './audit-log.ts'
import type { Passwords } from './passwords.ts'
import type { SignInThrottle } from './sign-in-throttle.ts'

/** Who a cookie belongs to. */
export interface SignedIn {
  readonly tenant: TenantId
  readonly session: string
  readonly person: { readonly id: PersonId; readonly name: string; readonly email?: string }
}

export interface SessionView {
  readonly id: string
  /** What the browser calls itself. */
  readonly agent: string
  readonly created: Instant
  readonly lastUsed: Instant
  readonly expires: Instant
}

interface PersonRow extends Record<string, unknown> {
  t: TenantId
  id: string
  person: PersonId
  name: string
  email: string | null
}

const leastLetters = 12
const mostLetters = 200
const hashOf = (token: string): Buffer => hash('sha256', token, 'buffer')

/** What a session's changing requests carry: it follows from the cookie, and says nothing of it. */
export const csrfOf = (token: string): string => hash('sha256', `millrace-csrf ${token}`, 'base64url')

/**
 * Owns: the tables `person_password`, `person_session` and `person_code`. Does not own: people, nor what they may do; nor cookies (api).
 *
 * 1. Tokens and codes have 256 random bits, and the database has their SHA-256 alone.
 * 2. A session ends twelve hours after its last use and seven days after its start, by the database's clock.
 * 3. An unknown name costs the same hash as a wrong password, and answers the same.
 * 4. A code opens once, within ten minutes; a new one takes the place of the one before. Another password ends all sessions.
 * 5. Each change is an audit row of the same transaction.
 */
export class Sessions {
  readonly #pool: Pool
  readonly #audit: AuditLog
  readonly #random: Random
  readonly #passwords: Passwords
  readonly #throttle: SignInThrottle

  constructor(options: {
    pool: Pool
    audit: AuditLog
    random: Random
    passwords: Passwords
    throttle: SignInThrottle
  }) {
    this.#pool = options.pool
    this.#audit = options.audit
    this.#random = options.random
    this.#passwords = options.passwords
    this.#throttle = options.throttle
  }

  /** The token of a new session. Errors: `governance/sign-in-failed`, `governance/too-many-tries`. */
  async signIn(q: {
    readonly tenant: TenantId
    readonly email: string
    readonly password: string
    readonly address: string
    readonly agent: string
  }): Promise<string> {
    const login = loginOf(q.email)
    const token = await this.#throttle.through(q.address, login, async () => {
      const { rows } = await this.#pool.query<{ person: PersonId; hash: string }>(
        'select person, hash from person_password where t = $1 and login = $2',
        [q.tenant, login],
      )
      const [known] = rows
      const { fits, isOld } = await this.#passwords.check(q.password, known?.hash)
      if (!known || !fits) return undefined
      const again = isOld ? await this.#passwords.hash(q.password) : known.hash
      return transaction(this.#pool, async (connection) => {
        const { rowCount } = await connection.query(
          'update person_password set hash = $4 where t = $1 and person = $2 and hash = $3', // not one that changed meanwhile
          [q.tenant, known.person, known.hash, again],
        )
        return rowCount === 1 ? this.#open(connection, q.tenant, known.person, q.agent) : undefined
      })
    })
    if (token === undefined) throw new MillraceError('governance/sign-in-failed', {})
    return token
  }

  /** Who the token belongs to; notes the use at most once a minute. */
  async find(token: string): Promise<SignedIn | undefined> {
    const { rows } = await this.#pool.query<PersonRow>({
      name: 'find-session',
      text: `with s as (
          select s.t, s.id, s.person, p.name, p.email, s.last_used from person_session s join person p on p.t = s.t and p.id = s.person
          where s.token_hash = $1 and s.expires > clock_timestamp() and s.idle_until > clock_timestamp()),
        u as (update person_session p set last_used = clock_timestamp(), idle_until = clock_timestamp() + interval '12 hours' from s
          where p.t = s.t and p.id = s.id and s.last_used < clock_timestamp() - interval '1 minute')
        select t, id, person, name, email from s`,
      values: [hashOf(token)],
    })
    const [row] = rows
    if (!row) return undefined
    const { email, name } = row
    return { tenant: row.t, session: row.id, person: { id: row.person, name, ...(email !== null && { email }) } }
  }

  /** A person's own, newest first. */
  async list(tenant: TenantId, person: PersonId): Promise<SessionView[]> {
    const { rows } = await this.#pool.query<
      Record<'created' | 'last_used' | 'expires', Date> & Record<'id' | 'agent', string>
    >(
      `select id, agent, created, last_used, expires from person_session
        where t = $1 and person = $2 and expires > clock_timestamp() and idle_until > clock_timestamp() order by created desc limit 200`,
      [tenant, person],
    )
    return rows.map(({ id, agent, created, last_used, expires }) => ({
      id,
      agent,
      created: created.getTime(),
      lastUsed: last_used.getTime(),
      expires: expires.getTime(),
    }))
  }

  /** Errors: `governance/no-such-session`, also for one of somebody else. */
  async end(tenant: TenantId, person: PersonId, session: string): Promise<void> {
    await transaction(this.#pool, async (connection) => {
      const { rowCount } = await connection.query(
        'delete from person_session where t = $1 and person = $2 and id = $3',
        [tenant, person, session],
      )
      if (rowCount !== 1) throw new MillraceError('governance/no-such-session', { session })
      await this.#audit.append(connection, [{ tenant, actor: person, action: 'sessions/ended', object: person }])
    })
  }

  /** A code that sets a person's password: an invitation, or a reset. */
  async makeCode(q: {
    readonly tenant: TenantId
    readonly person: PersonId
    readonly actor: PersonId | undefined
  }): Promise<string> {
    const code = this.#random.bytes(32).toString('base64url')
    await transaction(this.#pool, async (connection) => {
      await connection.query(
        `insert into person_code (t, person, code_hash, expires) values ($1, $2, $3, clock_timestamp() + interval '10 minutes')
          on conflict (t, person) do update set code_hash = excluded.code_hash, expires = excluded.expires`,
        [q.tenant, q.person, hashOf(code)],
      )
      await this.#audit.append(connection, [
        { tenant: q.tenant, actor: q.actor, action: 'people/code-made', object: q.person },
      ])
    })
    return code
  }

  /** Sets the password and answers a session's token. Errors: `governance/code-invalid`, `governance/weak-password`. */
  async exchange(q: { readonly code: string; readonly password: string; readonly agent: string }): Promise<string> {
    checkPassword(q.password)
    const wanted = hashOf(q.code)
    // Before the hash: a guess costs no memory.
    const standing = 'code_hash = $1 and expires > clock_timestamp()'
    const { rows: found } = await this.#pool.query(`select 1 from person_code where ${standing}`, [wanted])
    if (found.length === 0) throw new MillraceError('governance/code-invalid', {})
    const made = await this.#passwords.hash(q.password)
    return transaction(this.#pool, async (connection) => {
      const { rows } = await connection.query<PersonRow>(
        `with c as (delete from person_code where ${standing} returning t, person)
          select c.t, c.person, p.id, p.name, p.email from c join person p on p.t = c.t and p.id = c.person`,
        [wanted],
      )
      const [row] = rows
      if (!row) throw new MillraceError('governance/code-invalid', {})
      const login = loginOf(row.email ?? row.name)
      const { rows: taken } = await connection.query(
        'select 1 from person_password where t = $1 and login = $2 and person <> $3',
        [row.t, login, row.person],
      )
      if (taken.length > 0)
        throw new MillraceError('governance/bad-person', { problems: 'email: somebody else signs in under it' })
      await connection.query(
        `insert into person_password (t, person, login, hash) values ($1, $2, $3, $4)
          on conflict (t, person) do update set login = excluded.login, hash = excluded.hash, changed = clock_timestamp()`,
        [row.t, row.person, login, made],
      )
      await connection.query('delete from person_session where t = $1 and person = $2', [row.t, row.person])
      await this.#audit.append(connection, [
        { tenant: row.t, actor: row.person, action: 'people/password-set', object: row.person },
      ])
      return this.#open(connection, row.t, row.person, q.agent)
    })
  }

  /** What part a person has, in the order of the alphabet. */
  async rolesOf(tenant: TenantId, person: PersonId): Promise<string[]> {
    const { rows } = await this.#pool.query<{ role: string }>(
      'select role from person_role where t = $1 and person = $2 order by role',
      [tenant, person],
    )
    return rows.map(({ role }) => role)
  }

  /** True once anybody can sign in. */
  async hasPasswords(tenant: TenantId): Promise<boolean> {
    const { rows } = await this.#pool.query('select 1 from person_password where t = $1 limit 1', [tenant])
    return rows.length > 0
  }

  async #open(connection: Connection, tenant: TenantId, person: PersonId, agent: string): Promise<string> {
    const token = this.#random.bytes(32).toString('base64url')
    await connection.query(
      'delete from person_session where t = $1 and person = $2 and (expires <= clock_timestamp() or idle_until <= clock_timestamp())',
      [tenant, person],
    )
    await connection.query(
      `insert into person_session (t, id, person, token_hash, agent, idle_until, expires)
        values ($1, $2, $3, $4, $5, clock_timestamp() + interval '12 hours', clock_timestamp() + interval '7 days')`,
      [tenant, this.#random.bytes(16).toString('hex'), person, hashOf(token), agent],
    )
    await this.#audit.append(connection, [{ tenant, actor: person, action: 'sessions/started', object: person }])
    return token
  }
}

const loginOf = (email: string): string => email.trim().normalize('NFC').toLowerCase()

function checkPassword(password: string): void {
  const { length } = password.normalize('NFC')
  if (length < leastLetters || length > mostLetters)
    throw new MillraceError('governance/weak-password', { least: leastLetters, most: mostLetters })
}
