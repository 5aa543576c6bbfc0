import type { PersonId, TenantId } from '../core/ids.ts'
import { type Connection, type Pool, transaction } from '../store/pool.ts'

/** What switching needs of the audit log. */
export interface SwitchAudit {
  append(
    connection: Connection,
    entries: readonly {
      readonly tenant: TenantId
      readonly actor: PersonId
      readonly action: 'pipelines/paused' | 'pipelines/resumed'
      readonly object: string
    }[],
  ): Promise<void>
}

export interface PipelineState {
  readonly pipeline: string
  readonly isPaused: boolean
  /** Events that wait for a run. */
  readonly pending: number
}

/** Counting more would read more than anyone can use. */
const mostCounted = 10_000

/** Owns: which pipelines are paused: durable, for every process. Does not own: what that means for events (dispatcher). */
export class PipelineSwitches {
  readonly #pool: Pool
  readonly #audit: SwitchAudit

  constructor(options: { pool: Pool; audit: SwitchAudit }) {
    this.#pool = options.pool
    this.#audit = options.audit
  }

  /** Answers whether anything changed: an audit row stands for each change, and for nothing else. */
  async set(q: {
    readonly tenant: TenantId
    readonly pipeline: string
    readonly isPaused: boolean
    readonly actor: PersonId
  }): Promise<boolean> {
    return transaction(this.#pool, async (connection) => {
      const { rowCount } = await connection.query(
        `insert into pipeline_switch as s (t, pipeline, paused) select $1, $2, $3 where $3 or exists (select from pipeline_switch where t = $1 and pipeline = $2)
         on conflict (t, pipeline) do update set paused = $3, changed = clock_timestamp() where s.paused <> $3`,
        [q.tenant, q.pipeline, q.isPaused],
      )
      if (!rowCount) return false
      const action = q.isPaused ? 'pipelines/paused' : 'pipelines/resumed'
      await this.#audit.append(connection, [{ tenant: q.tenant, actor: q.actor, action, object: q.pipeline }])
      return true
    })
  }

  /** The state of each of the given pipelines, in their order. */
  async states(tenant: TenantId, pipelines: readonly string[]): Promise<readonly PipelineState[]> {
    const { rows } = await this.#pool.query<{ pipeline: string; paused: boolean; pending: number }>({
      name: 'pipeline-states',
      text: `select p.pipeline, coalesce(s.paused, false) as paused,
          (select count(*)::int from (select from inbox i where i.t = $1 and i.pipeline = p.pipeline and i.state = 'pending' limit ${mostCounted}) x) as pending
        from unnest($2::text[]) with ordinality as p(pipeline, n) left join pipeline_switch s on s.t = $1 and s.pipeline = p.pipeline order by n`,
      values: [tenant, pipelines],
    })
    return rows.map(({ paused, pending, pipeline }) => ({ pipeline, isPaused: paused, pending }))
  }
}
