import type { Clock } from '../core/clock.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import type { SubjectId, TenantId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { repeat } from '../execution/engine/housekeeping.ts'
import { AnswerCache } from '../models/caches/answer-cache.ts'
import { CacheCounts } from '../models/caches/cache-counts.ts'
import { EmbeddingCache } from '../models/caches/embedding-cache.ts'
import { type CacheAudit, emptyRoute } from '../models/caches/empty-route.ts'
import type { CacheKeys } from '../models/caches/kept-row.ts'
import type { ModelPlane } from '../models/model-plane.ts'
import { documentName, sourceName } from '../models/caches/source-name.ts'
import type { Connection, Pool } from '../store/pool.ts'
import { type Say, traceOf } from './log.ts'

/** What has expired is found by nobody; it is deleted so often. */
const purgeEvery = 300_000

export type Caches = ReturnType<typeof openCaches>

/** The caches of models, as this process has them. */
export function openCaches(o: {
  readonly pool: Pool
  readonly keys: CacheKeys
  readonly audit: CacheAudit
  readonly models: Pick<ModelPlane, 'encoder'>
  readonly say: Say
  readonly clock: Clock
  readonly random: Random
}) {
  const { audit, clock, keys, models, pool, random, say } = o
  const warn = (error: unknown): void => say('', { event: 'cache-failed', level: 'warn', ...traceOf(error) })
  const counts = new CacheCounts({ pool, clock })
  const encoder = (name: string): ReturnType<ModelPlane['encoder']> | undefined => {
    try {
      return models.encoder(name)
    } catch (error) {
      if (isMillraceError(error)) return undefined // the report says `no-encoder`
      throw error
    }
  }
  const answers = new AnswerCache({ pool, keys, encoder, counts, random, clock, warn })
  const embeddings = new EmbeddingCache({ pool, warn })
  const stop = repeat(clock, purgeEvery, async () => {
    await answers.purge()
    await embeddings.purge()
  })
  return {
    answers,
    embeddings,
    counts,
    /** Everything that the caches hold of a person. */
    async forget(whose: { readonly tenant: TenantId; readonly subject: SubjectId }): Promise<number> {
      return (await answers.evict(whose)) + (await embeddings.erase(whose))
    },
    /** Versions of documents are current no more: what was answered from them goes in the same transaction. */
    async retire(
      connection: Connection,
      retired: readonly ({ readonly tenant: TenantId } & Parameters<typeof sourceName>[0])[],
    ): Promise<void> {
      for (const [tenant, gone] of Map.groupBy(retired, (one) => one.tenant))
        await answers.evict(
          { tenant, sources: gone.flatMap((one) => [sourceName(one), documentName(one)]) },
          connection,
        )
    },
    async empty(what: Parameters<typeof emptyRoute>[1]): Promise<number> {
      const count = await emptyRoute({ pool, audit }, what)
      counts.add(what.tenant, what.route, 'evicted', BigInt(count))
      return count
    },
    async close(): Promise<void> {
      await stop()
      await counts.close()
    },
  }
}
