import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { type KeyId, mintId, type SubjectId, type TenantId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import type { Pool } from '../store/pool.ts'
import type { MasterKey } from './master-key.ts'

/** A data key that is not in the database yet: who inserts what it seals inserts it too, in the same transaction. */
export interface FreshKey {
  readonly id: KeyId
  readonly wrapped: Buffer
  readonly key: KeyObject
}

const mostCached = 50_000

/**
 * Owns: data keys (one for each subject; one for each event until its subject is known) and the random ids of subjects.
 * Does not own: what is sealed under them.
 * At most `mostCached` opened keys are kept, the least recently used go first.
 *
 * 1. A key leaves this process only wrapped under the master key, bound to its tenant and id; what is opened here is bound to both too.
 * 2. Erasing a person is destroying their keys: an event's key is theirs as soon as they are known.
 * 3. An outside id is kept only as a keyed hash.
 */
export class Vault {
  readonly #pool: Pool
  readonly #master: MasterKey
  readonly #random: Random
  readonly #clock: Clock
  readonly #opened = new Map<string, KeyObject>()

  constructor(options: { pool: Pool; master: MasterKey; random: Random; clock: Clock }) {
    this.#pool = options.pool
    this.#master = options.master
    this.#random = options.random
    this.#clock = options.clock
  }

  /**
   * A new data key, wrapped, for the caller to insert into `subject_key`. It is not kept open: one for each event that is accepted made the intake
   * a tenth slower, in collections, and pushed out the keys of persons.
   */
  mint(tenant: TenantId): FreshKey {
    const id = mintId('key', this.#clock.today(), this.#random)
    const bytes = this.#random.bytes(32)
    const key = createSecretKey(bytes)
    return { id, wrapped: this.#wrap(tenant, id, bytes), key }
  }

  /** Errors: `governance/key-destroyed`, `governance/no-such-key` where it was wrapped for another tenant or id, or altered. */
  unwrap(tenant: TenantId, id: KeyId, wrapped: Uint8Array | null): KeyObject {
    if (!wrapped) {
      this.#opened.delete(nameOf(tenant, id)) // destroyed by another process: what was opened here before counts no more
      throw new MillraceError('governance/key-destroyed', { key: id })
    }
    const known = this.#recall(nameOf(tenant, id))
    if (known) return known
    const key = createSecretKey(this.#open(tenant, id, wrapped))
    this.#remember(nameOf(tenant, id), key)
    return key
  }

  /** Errors: `governance/no-such-key`, `governance/key-destroyed`. */
  async get(tenant: TenantId, id: KeyId): Promise<KeyObject> {
    const known = this.#recall(nameOf(tenant, id))
    if (known) return known
    const { rows } = await this.#pool.query<{ wrapped: Buffer | null }>({
      name: 'key',
      text: 'select wrapped from subject_key where t = $1 and id = $2',
      values: [tenant, id],
    })
    const [row] = rows
    if (!row) throw new MillraceError('governance/no-such-key', { key: id })
    return this.unwrap(tenant, id, row.wrapped)
  }

  /** The subjects behind outside ids, made where they are new, each with its current key. In the order given. */
  async subjects(
    tenant: TenantId,
    outside: readonly string[],
  ): Promise<readonly { readonly subject: SubjectId; readonly key: KeyId }[]> {
    const hashes = outside.map((id) => this.#hash(tenant, id))
    const known = await this.#subjectsOf(tenant, hashes)
    const unknown = new Map(
      hashes.map((hash) => [hash.toString('hex'), hash] as const).filter(([hex]) => !known.has(hex)),
    )
    if (unknown.size > 0) {
      const fresh = await this.#addSubjects(tenant, unknown)
      for (const [hex, found] of await this.#subjectsOf(tenant, [...unknown.values()])) {
        known.set(hex, found)
        const minted = fresh.get(found.key) // undefined where another process was first
        if (minted) this.#remember(nameOf(tenant, found.key), minted)
      }
    }
    return hashes.map((hash) => {
      const found = known.get(hash.toString('hex'))
      if (!found) throw new MillraceError('governance/no-such-key', { key: 'of a subject' })
      return found
    })
  }

  /** Of those that are known, by the hash in hex. */
  async #subjectsOf(
    tenant: TenantId,
    hashes: readonly Buffer[],
  ): Promise<Map<string, { readonly subject: SubjectId; readonly key: KeyId }>> {
    const { rows } = await this.#pool.query<{ hash: Buffer; subject: SubjectId; key: KeyId }>({
      name: 'subject-keys',
      text: `select a.hash, a.subject, k.id as key from subject_alias a
        join lateral (select id from subject_key k where k.t = a.t and k.subject = a.subject and k.retention_class <> 'event' order by epoch desc limit 1) k on true
        where a.t = $1 and a.hash = any($2)`,
      values: [tenant, hashes],
    })
    return new Map(rows.map(({ hash, key, subject }) => [hash.toString('hex'), { subject, key }]))
  }

  /** Answers the keys that were offered; of a subject that another process has made meanwhile it is another. */
  async #addSubjects(tenant: TenantId, hashes: ReadonlyMap<string, Buffer>): Promise<ReadonlyMap<KeyId, KeyObject>> {
    const unique = [...hashes.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)) // one order: no deadlock
    const fresh = unique.map(([, hash]) => ({
      hash,
      subject: mintId('sub', this.#clock.today(), this.#random),
      ...this.mint(tenant),
    }))
    await this.#pool.query({
      name: 'subjects',
      text: `with x as (select * from unnest($2::bytea[], $3::text[], $4::text[], $5::bytea[]) as x(hash, subject, key, wrapped)),
        missing as (select * from x where not exists (select 1 from subject_alias a where a.t = $1 and a.hash = x.hash)),
        s as (insert into subject (t, id) select $1, subject from missing),
        a as (insert into subject_alias (t, hash, subject) select $1, hash, subject from missing order by hash on conflict do nothing returning subject)
        insert into subject_key (t, id, subject, wrapped) select $1, m.key, m.subject, m.wrapped from missing m join a on a.subject = m.subject`,
      values: [
        tenant,
        fresh.map((f) => f.hash),
        fresh.map((f) => f.subject),
        fresh.map((f) => f.id),
        fresh.map((f) => f.wrapped),
      ],
    })
    return new Map(fresh.map(({ id, key }) => [id, key]))
  }

  /** The events' keys are the subjects' from now on: erasing the person destroys them too. */
  async link(tenant: TenantId, links: readonly { readonly key: KeyId; readonly subject: SubjectId }[]): Promise<void> {
    await this.#pool.query({
      name: 'link-keys',
      text: `update subject_key k set subject = x.subject from unnest($2::text[], $3::text[]) as x(id, subject) where k.t = $1 and k.id = x.id and k.subject is null and k.retention_class = 'event'`,
      values: [tenant, links.map((link) => link.key), links.map((link) => link.subject)],
    })
  }

  /** A map keeps the order of insertion: what was used last stands last. */
  #remember(name: string, key: KeyObject): void {
    this.#opened.delete(name)
    this.#opened.set(name, key)
    if (this.#opened.size <= mostCached) return
    const [eldest] = this.#opened.keys()
    if (eldest) this.#opened.delete(eldest)
  }

  #recall(name: string): KeyObject | undefined {
    const key = this.#opened.get(name)
    if (key) this.#remember(name, key)
    return key
  }

  #hash(tenant: TenantId, outside: string): Buffer {
    return createHmac('sha256', this.#master.hashing).update(`${tenant}\0${outside}`).digest()
  }

  #wrap(tenant: TenantId, id: KeyId, bytes: Buffer): Buffer {
    const iv = this.#random.bytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#master.wrapping, iv).setAAD(Buffer.from(nameOf(tenant, id)))
    const body = cipher.update(bytes)
    cipher.final() // of GCM it is empty, and makes the tag
    const wrapped = Buffer.allocUnsafe(28 + body.length)
    wrapped.set(iv)
    wrapped.set(cipher.getAuthTag(), 12)
    wrapped.set(body, 28)
    return wrapped
  }

  #open(tenant: TenantId, id: KeyId, wrapped: Uint8Array): Buffer {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#master.wrapping, wrapped.subarray(0, 12))
      decipher.setAAD(Buffer.from(nameOf(tenant, id))).setAuthTag(wrapped.subarray(12, 28))
      return Buffer.concat([decipher.update(wrapped.subarray(28)), decipher.final()])
    } catch (cause) {
      throw new MillraceError('governance/no-such-key', { key: id }, { cause })
    }
  }
}

const nameOf = (tenant: TenantId, id: KeyId): string => `${tenant}/${id}`
