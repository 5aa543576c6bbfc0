import { MillraceError } from '../core/errors/millrace-error.ts'
import { type Connection, type Pool, transaction } from '../store/pool.ts'
import { type ChunkKey, keyOf, type Scope } from './scope.ts'
import { copyInto } from './vector-bytes.ts'
import { VectorIndex } from './vector-index.ts'

/** 300 MB of vectors of 384 numbers, and 80 ms a search. */
const mostChunks = 200_000
/** Rows of one page: about 3 MB. */
const page = 2000
const mostIndexes = 32

interface StoredChunk extends ChunkKey {
  readonly vector: Buffer
}

/**
 * Owns: the vector indexes in memory, one for each scope that was searched.
 * Does not own: the vectors (table `chunk`), nor when they change (`Ingest`).
 *
 * 1. An index is one snapshot of the database: all of a revision, or nothing of it.
 * 2. A search never uses an index older than the revision it asks for.
 * 3. However many searches find it old, it is loaded once.
 */
export class IndexStore {
  readonly #pool: Pool
  readonly #indexes = new Map<string, VectorIndex>()
  readonly #loading = new Map<string, Promise<VectorIndex>>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** The scope's index at `revision` or newer. Errors: `knowledge/damaged-index`, `knowledge/too-large`. */
  async at(scope: Scope, revision: number): Promise<VectorIndex> {
    const name = keyOf(scope).join('\0')
    let index = this.#indexes.get(name)
    while (!index || index.revision < revision) index = await this.#loadOnce(name, scope)
    this.#indexes.delete(name) // to the end: the least recently used is first
    this.#indexes.set(name, index)
    for (const old of [...this.#indexes.keys()].slice(0, -mostIndexes)) this.#indexes.delete(old)
    return index
  }

  #loadOnce(name: string, scope: Scope): Promise<VectorIndex> {
    let loading = this.#loading.get(name)
    if (!loading) {
      loading = transaction(this.#pool, (connection) => load(connection, scope)).finally(() =>
        this.#loading.delete(name),
      )
      this.#loading.set(name, loading)
    }
    return loading
  }
}

async function load(connection: Connection, scope: Scope): Promise<VectorIndex> {
  await connection.query('set transaction isolation level repeatable read, read only')
  const { rows } = await connection.query<{ revision: number }>(
    'select revision from knowledge_index where (t, collection, encoder, chunking) = ($1, $2, $3, $4)',
    [...keyOf(scope)],
  )
  const chunks = await readAll(connection, scope)
  const bytes = chunks[0]?.vector.byteLength ?? 0
  const odd = chunks.find(({ vector }) => vector.byteLength !== bytes || bytes % 4 !== 0 || bytes === 0)
  if (odd) {
    const why = `vectors of ${bytes} and ${odd.vector.byteLength} bytes`
    throw new MillraceError('knowledge/damaged-index', { collection: scope.collection, why })
  }
  const dimensions = bytes / 4
  const matrix = new Float32Array(chunks.length * dimensions)
  for (const [row, { vector }] of chunks.entries()) copyInto(matrix, row, vector)
  const keys = chunks.map(({ document, version, ordinal }) => ({ document, version, ordinal }))
  return new VectorIndex({ revision: rows[0]?.revision ?? 0, keys, matrix, dimensions })
}

async function readAll(connection: Connection, scope: Scope): Promise<StoredChunk[]> {
  const chunks: StoredChunk[] = []
  for (let rows: StoredChunk[] = [], last: StoredChunk | undefined; ; last = rows.at(-1)) {
    ;({ rows } = await connection.query<StoredChunk & Record<string, unknown>>(
      `select document, version, ordinal, vector from chunk
       where (t, collection, encoder, chunking) = ($1, $2, $3, $4) and current and (document, ordinal) > ($5, $6)
       order by document, ordinal limit ${page}`,
      [...keyOf(scope), last?.document ?? '', last?.ordinal ?? -1],
    ))
    chunks.push(...rows)
    if (chunks.length > mostChunks)
      throw new MillraceError('knowledge/too-large', { collection: scope.collection, most: mostChunks })
    if (rows.length < page) return chunks
  }
}
