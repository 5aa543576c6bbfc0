import { createSecretKey, type KeyObject } from 'node:crypto'
import { systemClock } from '../core/clock.ts'
import { isMillraceError, MillraceError } from '../core/errors/millrace-error.ts'
import { type KeyId, mainTenant, mintId, monthOf, type PersonId, type RunId, type WorkItemId } from '../core/ids.ts'
import { digestOf } from '../core/json.ts'
import { systemRandom } from '../core/random.ts'
import { type TestDatabase, testDatabase } from '../store/testing.ts'
import { authorityOf } from './content.ts'
import type { Question } from './item.ts'
import type { MayDecide, OnRejected, ReviewAudit, ReviewKeys } from './ports.ts'
import { WorkItems } from './work-items.ts'

const now = Date.now()
export const person = (): PersonId => mintId('per', now, systemRandom)

/** The review plane on a real Postgres, with keys that are kept unwrapped and an audit log without leaves. */
export class ReviewBed {
  readonly database: TestDatabase
  readonly items: WorkItems
  readonly woken: RunId[] = []
  /** Set: runs before an audit entry is written, inside its transaction: to fail it, or to hold it open. */
  beforeAudit: (() => Promise<void>) | undefined

  /** Set: says who has a part that decides. */
  mayDecide: MayDecide | undefined

  /** Set: hears of rejections, inside their transaction. */
  onRejected: OnRejected | undefined

  constructor(database: TestDatabase) {
    this.database = database
    const keys: ReviewKeys = {
      get: async (_tenant, key) => {
        const { rows } = await database.pool.query<{ wrapped: Buffer | null }>(
          'select wrapped from subject_key where id = $1',
          [key],
        )
        return keyOf(key, rows[0]?.wrapped ?? null)
      },
      unwrap: (_tenant, key, wrapped) => keyOf(key, wrapped),
    }
    const audit: ReviewAudit = {
      append: async (connection, entries) => {
        await this.beforeAudit?.()
        for (const { tenant, actor, action, object } of entries) {
          const id = mintId('evt', now, systemRandom)
          await connection.query(
            'insert into audit_log (t, month, id, actor, action, object, leaf, leaf_hash) values ($1, $2, $3, $4, $5, $6, $7, $7)',
            [tenant, monthOf(id), id, actor, action, object, Buffer.alloc(1)],
          )
        }
      },
    }
    const wake = async (run: RunId): Promise<void> => void this.woken.push(run)
    this.items = new WorkItems({
      pool: database.pool,
      keys,
      audit,
      wake,
      random: systemRandom,
      clock: systemClock,
      mayDecide: async (...asked) => (this.mayDecide ? this.mayDecide(...asked) : true),
      onRejected: async (...rejected) => this.onRejected?.(...rejected),
    })
  }

  static async open(): Promise<ReviewBed> {
    return new ReviewBed(await testDatabase())
  }

  /** A run that waits, with a key of its own. */
  async run(): Promise<{ readonly run: RunId; readonly key: KeyId }> {
    const run = mintId('run', now, systemRandom)
    const key = mintId('key', now, systemRandom)
    const { pool } = this.database
    await pool.query(`insert into run (t, id, root, pipeline, digest) values ('main', $1, $1, 'triage', 'd')`, [run])
    await pool.query(`insert into wake (t, run, heard_by) values ('main', $1, 'infinity')`, [run])
    await pool.query(`insert into subject_key (t, id, wrapped) values ('main', $1, $2)`, [key, systemRandom.bytes(32)])
    return { run, key }
  }

  /** An approval of a reply, of a new run unless told otherwise. */
  async question(change: Partial<Question> = {}): Promise<Question> {
    const { run, key } = change.run ? { run: change.run, key: change.subjectKey } : await this.run()
    const base: Question = { ...replyQuestion, tenant: mainTenant, run, stepKey: '/review:reply#0', subjectKey: key }
    const asked = { ...base, ...change }
    const { action, proposed } = asked
    return {
      ...asked,
      actionDigest:
        change.actionDigest ?? (action && proposed !== undefined ? authorityOf(action, proposed) : undefined),
    }
  }

  async ask(change: Partial<Question> = {}): Promise<{ readonly item: WorkItemId; readonly question: Question }> {
    const question = await this.question(change)
    return { item: await this.items.ask(question), question }
  }

  async count(text: string, values: readonly unknown[] = []): Promise<number> {
    const { rows } = await this.database.pool.query<{ n: number }>(`select count(*)::int as n from ${text}`, [
      ...values,
    ])
    return rows[0]?.n ?? 0
  }

  /** A lease ends by the database's clock; a test moves the end instead of waiting for it. */
  async endLease(item: WorkItemId): Promise<void> {
    await this.database.pool.query(
      `update work_item set lease_until = clock_timestamp() - interval '1 s' where id = $1 and lease_until is not null`,
      [item],
    )
  }

  /** Statements that wait for another transaction's lock; the application's role may not see them. */
  async blocked(): Promise<number> {
    const { rows } = await this.database.ownerPool.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows[0]?.n ?? 0
  }

  async erase(key: KeyId | undefined): Promise<void> {
    await this.database.pool.query('update subject_key set wrapped = null, destroyed = now() where id = $1', [key])
  }
}

const replySchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: { to: { type: 'string', format: 'email' }, text: { type: 'string', minLength: 1, maxLength: 200 } },
  required: ['to', 'text'],
  additionalProperties: false,
} as const

const replyQuestion: Omit<Question, 'tenant' | 'run' | 'stepKey' | 'subjectKey'> = {
  kind: 'approve',
  queue: 'cards',
  priority: 2,
  dueIn: undefined,
  expiresIn: undefined,
  form: {
    name: 'reply',
    digest: digestOf('reply form'),
    reasons: ['wrong-intent', 'wrong-facts'],
    valueSchema: replySchema,
  },
  shows: { message: 'I lost my card' },
  firstLine: 'I lost my card',
  proposed: { to: 'ada@example.com', text: 'Your card is blocked.' },
  actionDigest: undefined,
  action: { name: 'send-reply', digest: digestOf('send-reply') },
  why: ['rule'],
}

/** The code of what a promise fails with; `ok` when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'ok'
  } catch (error) {
    if (isMillraceError(error)) return error.code
    throw error
  }
}

function keyOf(id: KeyId, wrapped: Uint8Array | null): KeyObject {
  if (!wrapped) throw new MillraceError('governance/key-destroyed', { key: id })
  return createSecretKey(wrapped)
}
