import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { CallId, RunId, TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'

/** The lineage of one call as it was kept: JSON, amounts as decimal numbers. */
export interface KeptCall {
  readonly id: CallId
  readonly outcome: unknown
}

export interface CallsAsked {
  readonly tenant: TenantId
  readonly route?: string | undefined
  readonly run?: RunId | undefined
  /** The last id of the page before. */
  readonly after?: string | undefined
  readonly limit: number
}

/** The newest first. Each filter has its index, and without one the ids are walked backwards. */
export async function keptCalls(
  pool: Pool,
  { after, limit, route, run, tenant }: CallsAsked,
): Promise<readonly KeptCall[]> {
  const values: unknown[] = [tenant, limit]
  const given = (value: unknown): string => `$${values.push(value)}`
  const { rows } = await pool.query<KeptCall>(
    `select id, outcome from model_call where t = $1
      ${route === undefined ? '' : `and route = ${given(route)}`}
      ${run === undefined ? '' : `and outcome ->> 'run' = ${given(run)}`}
      ${after === undefined ? '' : `and id < ${given(after)}`}
      order by id desc limit $2`,
    values,
  )
  return rows
}

/** Errors: `model/no-such-call`. */
export async function keptCall(pool: Pool, { call, tenant }: { tenant: TenantId; call: string }): Promise<KeptCall> {
  const { rows } = await pool.query<KeptCall>({
    name: 'model-call-by-id',
    text: 'select id, outcome from model_call where t = $1 and id = $2',
    values: [tenant, call],
  })
  const [found] = rows
  if (!found) throw new MillraceError('model/no-such-call', { call: call.slice(0, 100) })
  return found
}
