import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Millis } from '../../core/clock.ts'
import type { SubjectId, TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'
import { type CacheEncoder, fromBytes, toBytes } from './vectors.ts'

/** Whose text it is. A person's vectors carry them, and are deleted with them. */
export interface Embedded {
  readonly tenant: TenantId
  readonly subject?: SubjectId
}

/** A vector costs 2 ms to make and 1.5 kB to keep. */
const usualLife: Millis = 30 * 86_400_000
const mostInMemory = 16 * 1024 * 1024
/** Of a tenant and encoder; beyond, those that end first go first. */
const mostRows = 200_000

/**
 * Owns: vectors by the digests of encoder and text. A text's words are not kept, but its digest and vector say something of it: so a person's are
 * theirs. Does not own: the encoders.
 *
 * 1. A vector is found for the text and the encoder that it was made of, by the tenant and person whose it is.
 * 2. Of a person nothing stays in memory; the database alone says what lives.
 * 3. What cannot be read or kept is made: the cache fails no caller.
 */
export class EmbeddingCache {
  readonly #pool: Pool
  readonly #life: Millis
  readonly #warn: (error: unknown) => void
  readonly #recent = new LRUCache<string, Float32Array>({
    maxSize: mostInMemory,
    sizeCalculation: (vector) => vector.byteLength + 200,
  })

  constructor(o: { readonly pool: Pool; readonly warn: (error: unknown) => void; readonly life?: Millis }) {
    this.#pool = o.pool
    this.#warn = o.warn
    this.#life = o.life ?? usualLife
  }

  /** The same encoder, that makes no vector twice. A vector is the caller's own to change. */
  over(encoder: CacheEncoder, whose: Embedded): CacheEncoder {
    return {
      digest: encoder.digest,
      embed: (text, signal) => this.#embed(encoder, whose, { text, signal }),
    }
  }

  /** Deletes what is a person's. Answers how many. */
  async erase({ subject, tenant }: Required<Embedded>): Promise<number> {
    const { rowCount } = await this.#pool.query(
      `delete from embedding_cache where t = $1 and subject = $2 and subject <> ''`,
      [tenant, subject],
    )
    return rowCount ?? 0
  }

  /** Deletes some of what has expired or is too much. Answers how many. */
  async purge(most = mostRows): Promise<number> {
    const { rowCount: expired } = await this.#pool.query(
      `delete from embedding_cache where ctid = any(array(select ctid from embedding_cache where expires <= clock_timestamp() limit 5000))`,
    )
    const { rowCount: beyond } = await this.#pool.query(
      `delete from embedding_cache where ctid = any(array(
        select ctid from (select ctid, row_number() over (partition by t, encoder order by expires desc) as n from embedding_cache) x where n > $1 limit 5000))`,
      [most],
    )
    return (expired ?? 0) + (beyond ?? 0)
  }

  async #embed(
    encoder: CacheEncoder,
    { subject, tenant }: Embedded,
    { signal, text }: { readonly text: string; readonly signal: AbortSignal | undefined },
  ): Promise<Float32Array> {
    const digest = hash('sha256', text, 'buffer')
    const name = `${tenant}/${encoder.digest}/${digest.toString('hex')}`
    const key = [tenant, encoder.digest, digest, subject ?? '']
    const recent = subject === undefined ? this.#recent.get(name) : undefined
    if (recent) return recent.slice()
    const known = await this.#read(key)
    signal?.throwIfAborted()
    const vector = known ?? (await encoder.embed(text, signal))
    if (!known) await this.#write(key, vector)
    if (subject === undefined) this.#recent.set(name, vector.slice())
    return vector
  }

  async #read(key: readonly unknown[]): Promise<Float32Array | undefined> {
    try {
      const { rows } = await this.#pool.query<{ vector: Buffer }>({
        name: 'embedding-read',
        text: `select vector from embedding_cache where (t, encoder, text, subject) = ($1, $2, $3, $4) and expires > clock_timestamp()`,
        values: [...key],
      })
      return rows[0] && fromBytes(rows[0].vector)
    } catch (error) {
      this.#warn(error)
      return undefined
    }
  }

  async #write(key: readonly unknown[], vector: Float32Array): Promise<void> {
    try {
      await this.#pool.query({
        name: 'embedding-write',
        text: `insert into embedding_cache (t, encoder, text, subject, vector, expires)
          values ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 ms')
          on conflict (t, encoder, text, subject) do update set vector = excluded.vector, expires = excluded.expires`,
        values: [...key, toBytes(vector), this.#life],
      })
    } catch (error) {
      this.#warn(error)
    }
  }
}
