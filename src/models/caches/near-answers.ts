import { LRUCache } from 'lru-cache'
import type { TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'
import { type NearRow, readNear } from './statements.ts'
import { fromBytes } from './vectors.ts'

/** Of one scope, the newest: all of them are compared, 384 numbers each, in a millisecond. */
const mostOfScope = 2000
/** A vector of 384, a text of up to 500 characters, and what holds them. */
const bytesOfEntry = 2600

interface Entry {
  readonly key: Buffer
  readonly asked: string
  readonly vector: Float32Array
}

interface Scope {
  newest: string
  /** By the key in hex, the oldest first. */
  readonly entries: Map<string, Entry>
}

export interface Near {
  readonly key: Buffer
  readonly asked: string
  readonly cosine: number
}

/**
 * Owns: the vectors of what was asked lately, by scope, as far as memory allows; what came since is read before each comparison. Does not own: the
 * answers. An entry here may be gone in the database: who finds one reads it there.
 */
export class NearAnswers {
  readonly #pool: Pool
  readonly #scopes: LRUCache<string, Scope>

  constructor({ pool, mostBytes }: { readonly pool: Pool; readonly mostBytes: number }) {
    this.#pool = pool
    this.#scopes = new LRUCache({
      maxSize: mostBytes,
      sizeCalculation: ({ entries }) => 200 + entries.size * bytesOfEntry,
    })
  }

  /** Those at least so near, the nearest first. `vector` is of unit length. */
  async near(o: {
    readonly tenant: TenantId
    readonly scope: Buffer
    readonly vector: Float32Array
    readonly least: number
    readonly most: number
  }): Promise<readonly Near[]> {
    const { least, most, scope, tenant, vector } = o
    const { entries } = await this.#read(tenant, scope)
    const found: Near[] = []
    for (const { asked, key, vector: other } of entries.values()) {
      const cosine = dot(vector, other)
      if (cosine >= least) found.push({ key, asked, cosine })
    }
    return found.toSorted((a, b) => b.cosine - a.cosine).slice(0, most)
  }

  forget(tenant: TenantId, scope: Buffer, key: Buffer): void {
    this.#scopes.get(nameOf(tenant, scope))?.entries.delete(key.toString('hex'))
  }

  async #read(tenant: TenantId, scope: Buffer): Promise<Scope> {
    const name = nameOf(tenant, scope)
    const known = this.#scopes.get(name) ?? { newest: '0', entries: new Map<string, Entry>() }
    const rows = await readNear(this.#pool, { tenant, scope, after: known.newest, most: mostOfScope })
    for (const row of rows.toReversed()) add(known, row)
    if (rows.length > 0) this.#scopes.set(name, known)
    return known
  }
}

const nameOf = (tenant: TenantId, scope: Buffer): string => `${tenant}/${scope.toString('hex')}`

function add(scope: Scope, { asked, key, ordinal, vector }: NearRow): void {
  const name = key.toString('hex')
  scope.entries.delete(name)
  scope.entries.set(name, { key, asked, vector: fromBytes(vector) })
  if (BigInt(ordinal) > BigInt(scope.newest)) scope.newest = ordinal
  if (scope.entries.size <= mostOfScope) return
  const [eldest] = scope.entries.keys()
  if (eldest !== undefined) scope.entries.delete(eldest)
}

/** Of vectors of another length it is nothing: they are of another encoder. */
function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return -1
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return Math.min(sum, 1) // of vectors that are not quite of unit length
}
