import { createSecretKey, type KeyObject } from 'node:crypto'
import { systemClock } from '../../core/clock.ts'
import { type CallId, type KeyId, mainTenant, mintId, type SubjectId, type TenantId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { RouteDeclaration } from '../../sdk/models.ts'
import type { Pool } from '../../store/pool.ts'
import { dialects } from '../dialects/dialects.ts'
import type { DialectName } from '../dialects/dialect.ts'
import { testModel, testRoute } from '../routes/testing.ts'
import type { CacheAnswer } from './admission.ts'
import { AnswerCache, type AnswerCacheParts } from './answer-cache.ts'
import { CacheCounts } from './cache-counts.ts'
import type { CacheKeys } from './kept-row.ts'
import type { CacheQuestion, Sight } from './question.ts'
import type { CacheEncoder } from './vectors.ts'

/** For tests: questions, answers to them, and a cache on a database. */

const models = [testModel('small'), testModel('large')]

export interface Asked {
  readonly tenant?: TenantId
  readonly route?: string
  readonly cache?: RouteDeclaration['cache']
  readonly target?: string
  readonly dialect?: DialectName
  readonly headers?: Readonly<Record<string, string>>
  readonly sees?: Partial<Sight>
  /** Beside the message. */
  readonly body?: Readonly<Record<string, unknown>>
  /** In place of all that. */
  readonly raw?: string
}

export function questionOf(text: string, over: Asked = {}): CacheQuestion {
  const {
    body = {},
    cache = { exact: '1h' },
    dialect = 'openai-chat',
    headers = {},
    sees = {},
    tenant = mainTenant,
  } = over
  const raw = over.raw ?? JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: text }], ...body })
  return {
    tenant,
    route: testRoute({ targets: ['small'], cache }, models, over.route ?? 'chat'),
    target: over.target ?? 'a1',
    request: dialects[dialect].read(Buffer.from(raw)),
    headers,
    sees: { dataClass: 'internal', scope: 'all', ...sees },
  }
}

/** What OpenAI's chat answers, in one piece. */
export const completion = (content: string, choice: object = {}): string =>
  JSON.stringify({
    id: 'c',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop', ...choice }],
  })

export const answerOf = (body: string, over: Partial<CacheAnswer> = {}): CacheAnswer => ({
  call: callId(),
  status: 200,
  headers: { 'content-type': body.startsWith('data:') ? 'text/event-stream' : 'application/json' },
  body: Buffer.from(body),
  by: { version: 'a1', reason: 'only-target' },
  cost: { nano: 70n, currency: 'USD' },
  ...over,
})

const callId = (): CallId => mintId('cal', systemClock.today(), systemRandom)

/** Everything is near to everything: what is told apart here is told apart by its facts alone. */
export const blindEncoder: CacheEncoder = { digest: 'b'.repeat(64), embed: async () => Float32Array.of(3, 4) }

/** Keys of persons as rows of the database; opened by their id. */
export class TestKeys implements CacheKeys {
  readonly #pool: Pool
  readonly #opened = new Map<KeyId, KeyObject>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async person(): Promise<{ readonly id: SubjectId; readonly key: KeyId }> {
    const [id, key] = [mintId('sub', 1, systemRandom), mintId('key', 1, systemRandom)]
    await this.#pool.query('insert into subject (t, id) values ($1, $2)', [mainTenant, id])
    await this.#pool.query('insert into subject_key (t, id, subject, wrapped) values ($1, $2, $3, $4)', [
      mainTenant,
      key,
      id,
      Buffer.from('wrapped'),
    ])
    this.#opened.set(key, createSecretKey(systemRandom.bytes(32)))
    return { id, key }
  }

  async get(_tenant: TenantId, key: KeyId): Promise<KeyObject> {
    return this.unwrap(_tenant, key)
  }

  unwrap(_tenant: TenantId, key: KeyId): KeyObject {
    const opened = this.#opened.get(key)
    if (opened) return opened
    throw new TypeError(`the test has no key ${key}`)
  }
}

/** As a process has it. */
export function openCache(
  pool: Pool,
  over: Partial<AnswerCacheParts> = {},
): { cache: AnswerCache; counts: CacheCounts } {
  const counts = new CacheCounts({ pool, clock: systemClock })
  const cache = new AnswerCache({
    pool,
    keys: new TestKeys(pool),
    encoder: () => blindEncoder,
    counts,
    random: systemRandom,
    clock: systemClock,
    warn: (error) => {
      throw error
    },
    ...over,
  })
  return { cache, counts }
}
