import type { Instant } from '../../core/clock.ts'
import { isId, type RunId, type TenantId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import type { Pool } from '../../store/pool.ts'
import type { RunState } from '../engine/ports.ts'
import { explain, type WaitsFor, waitsForOf } from './explain.ts'
import { type OpenedRun, type ReaderKeys, readRuns } from './run-rows.ts'
import { type StepView, stepsOf } from './steps.ts'

/** As people say it: an open run that holds nothing waits. */
export type RunStatus = 'running' | 'waiting' | 'paused' | 'succeeded' | 'failed' | 'cancelled' | 'killed'

export interface ListedRun {
  readonly run: RunId
  readonly pipeline: string
  readonly status: RunStatus
  readonly started: Instant
  readonly ended: Instant | undefined
  /** The code of why it is paused or failed. */
  readonly code: string | undefined
  /** What it would change outside waits for its release, or will. */
  readonly isHeld: boolean
  /** Whom or what it is about, as the business names it. */
  readonly entity: { readonly type: string; readonly id: string } | undefined
}

export interface RunView extends ListedRun {
  readonly digest: string
  readonly principal: string | undefined
  /** One sentence of why. */
  readonly because: string
  readonly waitsFor: WaitsFor | undefined
  readonly input: Json | undefined
  readonly result: Json | undefined
  readonly error: { readonly code: string; readonly message: string } | undefined
  readonly steps: readonly StepView[]
}

export interface RunFilter {
  readonly pipeline?: string | undefined
  readonly status?: RunStatus | undefined
  /** Those about one business entity: its id, or `type/id`. */
  readonly entity?: string | undefined
  /** Those alone that are held. */
  readonly held?: boolean | undefined
  /** The last run of the page before. */
  readonly after?: RunId | undefined
  readonly limit: number
}

/** Owns: how runs are read by people. Does not own: how they are driven (engine). Lists open no payload. */
export class RunReader {
  readonly #pool: Pool
  readonly #keys: ReaderKeys

  constructor(options: { pool: Pool; keys: ReaderKeys }) {
    this.#pool = options.pool
    this.#keys = options.keys
  }

  /** The newest first. */
  async list(tenant: TenantId, filter: RunFilter): Promise<readonly ListedRun[]> {
    const { rows } = await this.#pool.query<ListedRow>(pageQuery(tenant, filter))
    return rows.map((row) => ({
      run: row.id,
      pipeline: row.pipeline,
      status: statusOf(row.state, row.is_parked),
      started: Number(row.started),
      ended: row.ended === null ? undefined : Number(row.ended),
      code: row.why ?? undefined,
      isHeld: row.is_held,
      entity: row.entity_id === null ? undefined : { type: row.entity_type ?? '', id: row.entity_id },
    }))
  }

  /** Whole runs, in no order; unknown ones are left out. */
  async read(tenant: TenantId, runs: readonly RunId[]): Promise<readonly RunView[]> {
    const known = runs.filter((run) => isId('run', run))
    return known.length === 0 ? [] : (await readRuns(this.#pool, this.#keys, tenant, known)).map(viewOf)
  }
}

interface ListedRow {
  readonly id: RunId
  readonly pipeline: string
  readonly state: RunState
  readonly is_parked: boolean
  readonly is_held: boolean
  readonly entity_type: string | null
  readonly entity_id: string | null
  readonly why: string | null
  readonly started: string
  readonly ended: string | null
}

/**
 * Conditions are put together, not switched off by `$n is null`: one general plan for all filters would use no index (`run_pipeline`,
 * `run_state`, `run_pipeline_state`, `run_entity`; of held ones `run_hold_standing`, in the same order).
 */
export function pageQuery(tenant: TenantId, filter: RunFilter): { text: string; values: unknown[] } {
  const { pipeline, status, entity, held = false, after, limit } = filter
  const values: unknown[] = [tenant, limit]
  const bind = (value: unknown): string => `$${values.push(value)}`
  const isParked = status === 'waiting' ? 'true' : 'false'
  const where = [
    'r.t = $1',
    ...(pipeline === undefined ? [] : [`r.pipeline = ${bind(pipeline)}`]),
    ...(status === undefined ? [] : [`r.state = ${bind(stateOf(status))}`]),
    ...(status === 'running' || status === 'waiting' ? [`coalesce(w.is_parked, false) = ${isParked}`] : []),
    ...(entity === undefined ? [] : entityConditions(entity, bind)),
    ...(held ? ['h.run is not null'] : []),
    ...(after === undefined ? [] : [`r.id < ${bind(after)}`]),
  ]
  const text = `select r.id, r.pipeline, r.state, coalesce(w.is_parked, false) as is_parked, h.run is not null as is_held, r.entity_type, r.entity_id, r.why,
      extract(epoch from r.started) * 1000 as started, extract(epoch from r.ended) * 1000 as ended
    from run r left join wake w on w.t = r.t and w.run = r.id
      left join run_hold h on h.t = r.t and h.run = r.id and h.released is null and r.ended is null
    where ${where.join(' and ')} order by r.id desc limit $2`
  return { text, values }
}

/** An id may hold a slash itself: then what stands before it may be a type, or the id's own beginning. */
function entityConditions(entity: string, bind: (value: unknown) => string): readonly string[] {
  const slash = entity.indexOf('/')
  if (slash < 1) return [`r.entity_id = ${bind(entity)}`]
  const [type, id] = [bind(entity.slice(0, slash)), bind(entity.slice(slash + 1))]
  return [`r.entity_id in (${id}, ${bind(entity)})`, `(r.entity_id <> ${id} or r.entity_type = ${type})`]
}

function viewOf(run: OpenedRun): RunView {
  const steps = run.opened ? stepsOf(run.opened.rows) : []
  const end = run.opened?.rows.find((row) => row.key === '$end')?.body.s
  return {
    run: run.run,
    pipeline: run.pipeline,
    digest: run.digest,
    status: statusOf(run.state, run.isParked),
    started: run.started,
    ended: run.ended,
    code: run.why?.code,
    isHeld: run.isHeld,
    entity: run.entity,
    principal: run.principal,
    because: explain(run, steps),
    waitsFor: waitsForOf(run, steps),
    input: run.opened?.input,
    result: end && 'ok' in end ? end.ok : undefined,
    error: end && 'error' in end ? { code: end.error.code, message: end.error.message } : run.why,
    steps,
  }
}

const statusOf = (state: RunState, isParked: boolean): RunStatus =>
  state === 'open' ? (isParked ? 'waiting' : 'running') : state

const stateOf = (status: RunStatus): RunState => (status === 'running' || status === 'waiting' ? 'open' : status)
