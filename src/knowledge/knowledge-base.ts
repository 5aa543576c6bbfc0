import { MillraceError } from '../core/errors/millrace-error.ts'
import type { TenantId } from '../core/ids.ts'
import { digestOf, type Json } from '../core/json.ts'
import type { AnyCollection } from '../sdk/resources.ts'
import type { Pool } from '../store/pool.ts'
import { chunking } from './chunking.ts'
import { searchText } from './full-text.ts'
import { fuse } from './fusion.ts'
import { IndexStore } from './index-store.ts'
import { type Ingested, ingest, type OnRetired, type SourceDocument } from './ingest.ts'
import { type ChunkKey, keyOf, type Scope } from './scope.ts'
import { embedUnit, type TextEncoder } from './text-encoder.ts'

export interface Found {
  readonly document: { readonly id: string; readonly version: string; readonly source: string; readonly body: Json }
  /** By reciprocal rank fusion: higher is nearer, at most 2 / 61. */
  readonly score: number
  /** The chunk that matched. */
  readonly chunk: { readonly name: string; readonly digest: string }
}

/** A collection with its encoder. `documents`: the same encoder, as documents' vectors are had from it, where that is another way. */
export interface BaseCollection {
  readonly declaration: AnyCollection
  readonly encoder: TextEncoder
  readonly documents?: TextEncoder
}

interface Searched {
  readonly hits: readonly Found[]
  readonly encoder: { readonly name: string; readonly digest: string }
}

/** A text that is searched for is one message: more of it moves the vector no more. */
const mostEmbedded = 8000

/**
 * Owns: the search in collections, by words and by meaning, fused; which encoder searches which collection.
 * Does not own: documents and vectors (Postgres), the encoders (model plane).
 *
 * 1. A hit is of a version that was current when the search began, and names that version, its source and its chunk.
 * 2. Only vectors of one encoder and one way of cutting are compared; each text is embedded alone.
 * 3. A document is found at most once, by its best chunk.
 */
export class KnowledgeBase {
  readonly #pool: Pool
  readonly #indexes: IndexStore
  readonly #collections: ReadonlyMap<string, BaseCollection>
  readonly #onRetired: OnRetired | undefined

  constructor(options: { pool: Pool; collections: readonly BaseCollection[]; onRetired?: OnRetired }) {
    this.#pool = options.pool
    this.#onRetired = options.onRetired
    this.#indexes = new IndexStore(options.pool)
    this.#collections = new Map(options.collections.map((one) => [one.declaration.name, one]))
  }

  /**
   * The `topK` nearest documents. A collection without documents has no hits.
   * Errors: `knowledge/no-such-collection`, `knowledge/bad-embedding`, `knowledge/damaged-index`, `knowledge/too-large`.
   */
  async search(q: {
    readonly tenant: TenantId
    readonly collection: string
    readonly text: string
    readonly topK: number
    readonly signal: AbortSignal
  }): Promise<Searched> {
    const { declaration, encoder } = this.#named(q.collection)
    const scope: Scope = { tenant: q.tenant, collection: q.collection, encoder: encoder.digest, chunking }
    const count = Math.max(20, 4 * q.topK) // candidates of each ranking
    const [vector, { revision, found }] = await Promise.all([
      embedUnit(encoder, q.text.slice(0, mostEmbedded), q.signal),
      searchText(this.#pool, { scope, text: q.text, count }),
    ])
    q.signal.throwIfAborted()
    const index = await this.#indexes.at(scope, revision)
    if (!index.takes(vector)) {
      throw new MillraceError('knowledge/bad-embedding', {
        encoder: encoder.digest.slice(0, 16),
        why: `it has ${vector.length} numbers, the stored ones have others`,
      })
    }
    const fused = fuse([index.nearest(vector, count), found], (chunk) => chunk.document).slice(0, q.topK)
    q.signal.throwIfAborted()
    return { hits: await this.#read(scope, fused), encoder: { name: declaration.encoder, digest: encoder.digest } }
  }

  /** Makes `documents` the whole of the collection. Errors: `knowledge/no-such-collection`, `knowledge/bad-document`, `knowledge/bad-embedding`. */
  async ingest(q: {
    readonly tenant: TenantId
    readonly collection: string
    readonly documents: readonly SourceDocument[]
    readonly signal?: AbortSignal
  }): Promise<Ingested> {
    const { declaration, documents, encoder } = this.#named(q.collection)
    return ingest({
      ...q,
      pool: this.#pool,
      declaration,
      encoder: documents ?? encoder,
      onRetired: this.#onRetired,
    })
  }

  #named(name: string): BaseCollection {
    const known = this.#collections.get(name)
    if (known) return known
    throw new MillraceError('knowledge/no-such-collection', {
      collection: name,
      known: [...this.#collections.keys()].join(', ') || 'none',
    })
  }

  /** Versions and chunks never change, so that what was ranked is what is read. */
  async #read(scope: Scope, fused: readonly { readonly item: ChunkKey; readonly score: number }[]): Promise<Found[]> {
    const { rows } = await this.#pool.query<{ n: number; source: string; body: Json; text: string }>({
      name: 'knowledge-read',
      text: `select w.n::int, d.source, d.body, c.text
        from unnest($5::text[], $6::text[], $7::int[]) with ordinality as w(document, version, ordinal, n)
        join chunk c on (c.t, c.collection, c.encoder, c.chunking) = ($1, $2, $3, $4)
          and (c.document, c.version, c.ordinal) = (w.document, w.version, w.ordinal)
        join document d on (d.t, d.collection, d.id, d.version) = ($1, $2, w.document, w.version)
        order by w.n`,
      values: [
        ...keyOf(scope),
        fused.map(({ item }) => item.document),
        fused.map(({ item }) => item.version),
        fused.map(({ item }) => item.ordinal),
      ],
    })
    return rows.flatMap(({ n, source, body, text }) => {
      const hit = fused[n - 1]
      if (!hit) return []
      const { document: id, version, ordinal } = hit.item
      const digest = digestOf({ collection: scope.collection, document: id, version, chunking, ordinal, text })
      const chunk = { name: `${scope.collection}/${id}#${ordinal}`, digest }
      return [{ document: { id, version, source, body }, score: hit.score, chunk }]
    })
  }
}
