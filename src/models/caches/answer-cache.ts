import { LRUCache } from 'lru-cache'
import type { Clock, Millis } from '../../core/clock.ts'
import type { CallId } from '../../core/ids.ts'
import type { Nano } from '../../core/money.ts'
import type { Random } from '../../core/random.ts'
import { GroupCommit } from '../../store/group-commit.ts'
import type { Pool } from '../../store/pool.ts'
import { droppedHeader } from '../dialects/adapters/adapter.ts'
import type { RoutePolicy } from '../routes/route-version.ts'
import { type CacheAnswer, type Unkept, whyNotKept } from './admission.ts'
import type { CacheCounts, Measure, RefusedNear } from './cache-counts.ts'
import { KnownKeys } from './known-keys.ts'
import { NearAnswers } from './near-answers.ts'
import { type CacheQuestion, type Keys, keysOf, type Passed, wantsFresh } from './question.ts'
import { type CacheKeys, openBody, rowOf } from './kept-row.ts'
import { sameFacts } from './same-facts.ts'
import {
  deleteAnswers,
  type Evicted,
  type FoundRow,
  type Place,
  purgeAnswers,
  readAnswers,
  type Row,
  writeAnswers,
} from './statements.ts'
import { type CacheEncoder, unitOf } from './vectors.ts'

/** An answer to another call, that stands for this one's. */
export interface CacheHit {
  readonly kind: 'exact' | 'semantic'
  /** The call whose answer it is. */
  readonly from: CallId
  /** The digest of the model's version that gave it. */
  readonly model: string
  readonly status: number
  /** Its type, and the fields that were lost on its way, where any were. */
  readonly headers: Readonly<Record<string, string>>
  /** As it was answered; a stream's in one piece. */
  readonly body: Buffer
  /** What it had cost; absent: not known. */
  readonly saved: { readonly nano: Nano; readonly currency: string } | undefined
  /** Of a semantic hit: how near the questions are. */
  readonly cosine?: number
}

export interface AnswerCacheParts {
  readonly pool: Pool
  readonly keys: CacheKeys
  /** By the name that a route's `cache.semantic.model` gives; undefined: there is none, and nothing is found by its meaning. */
  readonly encoder: (name: string) => CacheEncoder | undefined
  readonly counts: CacheCounts
  readonly random: Random
  readonly clock: Clock
  /** A look-up or a write that failed. */
  readonly warn: (error: unknown) => void
  /** Bytes of answers, and of vectors, that this process holds. */
  readonly mostInMemory?: number
  /** Bytes of a tenant's answers in the database; the oldest go first. */
  readonly mostStored?: number
}

/** What stays for `keep` of a question that was looked for. */
interface Looked {
  readonly keys: Keys | Passed
  readonly vector?: Float32Array
}

type CachePolicy = NonNullable<RoutePolicy['cache']>
interface Recent {
  readonly call: CallId
  readonly body: Buffer
}

/** Near questions that are held against the facts; the next would be farther still. */
const mostNear = 5
/** So long answers gather before they are written: nobody waits for one, and each statement is in the way of those that somebody waits for. */
const gatherFor: Millis = 50
/** Bytes of answers that wait to be written: what comes beyond is not kept. */
const mostWaiting = 32 * 1024 * 1024
const oneMegabyte = 1024 * 1024

/**
 * Owns: answers that stand for calls of the same question, and when they may. Does not own: what a question is (question.ts), which answers are
 * fit (admission.ts), whether two questions ask the same (same-facts.ts).
 *
 * 1. An answer is found only under its own tenant, route, version of route and model, and by who may see the same: they are in the key, and the
 *    key is found by equality.
 * 2. The database says of every answer that is served that it lives: memory spares the way of its bytes, and the look-up where there is nothing
 *    (known-keys.ts). What one process evicts no other serves, and expiry goes by one clock.
 * 3. A person's answer is sealed under their key, deleted with them, and in no memory. By its meaning nothing of theirs is found.
 * 4. Unsure is a miss: a fact that differs, a text that cannot be judged, a vector that cannot be made.
 * 5. A cache that fails costs a question, never an answer: no method that a call waits for throws.
 *
 * A look-up took 0.5 ms alone and 0.05 ms of 64 at once, a kept answer 0.4 ms of 16 at once, a semantic look-up 2 ms (16 kB, both cores busy).
 */
export class AnswerCache {
  readonly #parts: AnswerCacheParts
  readonly #near: NearAnswers
  readonly #known: KnownKeys
  readonly #recent: LRUCache<string, Recent>
  readonly #looked = new WeakMap<CacheQuestion, Looked>()
  readonly #reads: GroupCommit<Place & { readonly known: CallId | undefined }, FoundRow | undefined>
  readonly #writes: GroupCommit<Row, undefined>
  #waiting = 0

  constructor(parts: AnswerCacheParts) {
    const { clock, mostInMemory = 32 * oneMegabyte, pool } = parts
    this.#parts = parts
    this.#near = new NearAnswers({ pool, mostBytes: mostInMemory })
    this.#known = new KnownKeys({ pool, clock })
    this.#recent = new LRUCache({ maxSize: mostInMemory, sizeCalculation: ({ body }) => body.length + 200 })
    this.#reads = new GroupCommit({ send: (places) => readAnswers(pool, places), most: 100, atOnce: 2 })
    this.#writes = new GroupCommit({
      send: async (rows) => {
        await writeAnswers(pool, rows)
        return rows.map(() => undefined)
      },
      most: 4 * oneMegabyte,
      weigh: ({ body }) => body.length + 2000,
      patience: { isPatient: () => true, wait: (then) => void clock.after(gatherFor, then) },
    })
  }

  /** An answer that stands for this call's. Undefined: ask, and give the answer to `keep` with the same object as the question. */
  async find(question: CacheQuestion): Promise<CacheHit | undefined> {
    const { cache } = question.route.policy
    if (!cache) return undefined
    try {
      return await this.#find(question, cache)
    } catch (error) {
      this.#count(question, 'passed:failed')
      this.#parts.warn(error)
      return undefined
    }
  }

  /** Keeps an answer, where its route and it are fit for it. Answers why not; nobody needs to wait for it. */
  async keep(
    question: CacheQuestion,
    answer: CacheAnswer,
  ): Promise<'kept' | 'off' | Unkept | Passed | 'busy' | 'failed'> {
    const { cache } = question.route.policy
    if (!cache) return 'off'
    if (this.#waiting > mostWaiting) return this.#unkept(question, 'busy')
    this.#waiting += answer.body.length
    try {
      const { keys, vector } = this.#looked.get(question) ?? { keys: this.#keysOf(question, cache) }
      const why = typeof keys === 'string' ? keys : whyNotKept(question.request, answer)
      if (typeof keys === 'string' || why) return this.#unkept(question, why ?? 'failed')
      const row = await rowOf(this.#parts, question, {
        answer,
        keys,
        vector: vector ?? (await this.#vectorOf(cache, keys)),
      })
      if (row.exactFor === null && row.semanticFor === null) return 'off'
      this.#known.add(row.key)
      await this.#writes.add(row)
      this.#count(question, 'kept')
      return 'kept'
    } catch (error) {
      this.#parts.warn(error)
      return this.#unkept(question, 'failed')
    } finally {
      this.#waiting -= answer.body.length
    }
  }

  /**
   * Takes answers out, of every process: what a run's calls were answered, or one call, which a person rejected (theirs or what stood for
   * it); those made from sources that are no more, those of a version of a route or model, a person's, a route's. Answers how many.
   * `connection`: that of a transaction that it goes with.
   */
  async evict(what: Evicted, connection: Pick<Pool, 'query'> = this.#parts.pool): Promise<number> {
    const gone = await deleteAnswers(connection, what)
    let sum = 0
    for (const [route, count] of gone) {
      this.#parts.counts.add(what.tenant, route, 'evicted', BigInt(count))
      sum += count
    }
    return sum
  }

  /** Deletes what has expired, and the oldest of what is too much. Any process may, at any time. */
  async purge(): Promise<number> {
    let purged = 0
    for (;;) {
      const count = await purgeAnswers(this.#parts.pool, this.#parts.mostStored ?? 1024 * oneMegabyte)
      purged += count
      if (count === 0) return purged
    }
  }

  async #find(question: CacheQuestion, cache: CachePolicy): Promise<CacheHit | undefined> {
    const keys = this.#keysOf(question, cache)
    this.#looked.set(question, { keys })
    if (typeof keys === 'string') return this.#pass(question, keys)
    if (wantsFresh(question.headers)) return this.#pass(question, 'no-cache')
    const exact = cache.exact === undefined ? undefined : await this.#exact(question, keys)
    const hit = exact ?? (await this.#semantic(question, cache, keys))
    if (!hit) {
      this.#count(question, 'miss')
      return undefined
    }
    this.#count(question, `${hit.kind}-hit`)
    if (hit.saved)
      this.#parts.counts.add(question.tenant, question.route.route, `saved:${hit.saved.currency}`, hit.saved.nano)
    return hit
  }

  async #exact({ route, tenant }: CacheQuestion, { key }: Keys): Promise<CacheHit | undefined> {
    if (!this.#known.mayHave(key)) return undefined
    const found = await this.#read({ tenant, route: route.route, key })
    return found?.row.isExact ? hitOf('exact', found) : undefined
  }

  async #semantic(question: CacheQuestion, cache: CachePolicy, keys: Keys): Promise<CacheHit | undefined> {
    const { route, tenant } = question
    const { near } = keys
    if (cache.semantic && !this.#parts.encoder(cache.semantic.model)) return this.#refuse(question, 'no-encoder')
    if (!near || !cache.semantic) return undefined
    const vector = await this.#vectorOf(cache, keys)
    if (!vector) return this.#refuse(question, 'no-vector')
    this.#looked.set(question, { keys, vector })
    const { scope } = near
    const found = await this.#near.near({ tenant, scope, vector, least: cache.semantic.least, most: mostNear })
    for (const { asked, cosine, key } of found) {
      const same = sameFacts(near.asked, asked)
      if (same !== true) {
        this.#refuse(question, same)
        continue
      }
      const read = await this.#read({ tenant, route: route.route, key })
      if (read?.row.isSemantic) return { ...hitOf('semantic', read), cosine }
      this.#near.forget(tenant, scope, key)
      this.#refuse(question, 'gone')
    }
    return undefined
  }

  async #read(place: Place): Promise<{ readonly row: FoundRow; readonly body: Buffer } | undefined> {
    const name = `${place.tenant}/${place.route}/${place.key.toString('hex')}`
    const recent = this.#recent.get(name)
    const row = await this.#reads.add({ ...place, known: recent?.call })
    if (!row) {
      this.#recent.delete(name)
      return undefined
    }
    if (row.body === null) return recent && { row, body: recent.body }
    if (row.keyId === null) {
      this.#recent.set(name, { call: row.call, body: row.body })
      return { row, body: row.body }
    }
    const body = openBody(this.#parts.keys, place.tenant, { ...row, body: row.body, keyId: row.keyId })
    return body && { row, body }
  }

  async #vectorOf({ semantic }: CachePolicy, { near }: Keys): Promise<Float32Array | undefined> {
    const encoder = semantic && this.#parts.encoder(semantic.model)
    return near && encoder && unitOf(await encoder.embed(near.asked))
  }

  #keysOf(question: CacheQuestion, cache: CachePolicy): Keys | Passed {
    const encoder = cache.semantic && this.#parts.encoder(cache.semantic.model)
    return keysOf(question, encoder?.digest)
  }

  #refuse(question: CacheQuestion, why: RefusedNear): undefined {
    this.#count(question, `refused:${why}`)
  }

  #pass(question: CacheQuestion, why: Passed | 'no-cache'): undefined {
    this.#count(question, `passed:${why}`)
  }

  #unkept<W extends Unkept | Passed | 'busy' | 'failed'>(question: CacheQuestion, why: W): W {
    this.#count(question, `unkept:${why}`)
    return why
  }

  #count({ route, tenant }: CacheQuestion, measure: Measure): void {
    this.#parts.counts.add(tenant, route.route, measure)
  }
}

const hitOf = (kind: CacheHit['kind'], { body, row }: { readonly row: FoundRow; readonly body: Buffer }): CacheHit => ({
  kind,
  from: row.call,
  model: row.model,
  status: row.status,
  headers: { 'content-type': row.type, ...(row.dropped !== null && { [droppedHeader]: row.dropped }) },
  body,
  saved: row.nano === null || row.currency === null ? undefined : { nano: BigInt(row.nano), currency: row.currency },
})
