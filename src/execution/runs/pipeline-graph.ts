import type { TenantId } from '../../core/ids.ts'
import { monthOf, type RunId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'

/** A step of a pipeline as its runs did it. */
export interface GraphNode {
  /** `classify:intent`; `began`, and each state in which runs stand, are nodes too. */
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly count: number
  readonly failed: number
  /** Milliseconds that the half of them took at most; of steps that wait, waiting included. */
  readonly median: number | undefined
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly count: number
}

/** What the last runs of a pipeline did, put together: not what its code could do. */
export interface PipelineGraph {
  readonly runs: number
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

export interface GraphRun {
  readonly state: string
  readonly steps: readonly GraphStep[]
}
export interface GraphStep {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly began: number
  readonly ended: number | undefined
  /** Undefined: it has not ended. */
  readonly ms: number | undefined
  readonly isFailed: boolean
}

/** Two workers' clocks, and whole milliseconds: closer than this is one after the other. */
const slack = 3

/** Of runs one after the other, each with its steps in the order of their rows. */
export function graphOf(runs: readonly GraphRun[]): PipelineGraph {
  const nodes = new Map<
    string,
    { node: Omit<GraphNode, 'count' | 'failed' | 'median'>; times: number[]; count: number; failed: number }
  >()
  const edges = new Map<string, { from: string; to: string; count: number }>()
  const meet = (node: { id: string; kind: string; name: string }, ms: number | undefined, isFailed = false): void => {
    const known = nodes.get(node.id) ?? {
      node: { id: node.id, kind: node.kind, name: node.name },
      times: [],
      count: 0,
      failed: 0,
    }
    nodes.set(node.id, known)
    known.count++
    if (ms !== undefined) known.times.push(ms)
    if (isFailed) known.failed++
  }
  const join = (from: string, to: string): void => {
    const key = `${from}\n${to}`
    const known = edges.get(key) ?? { from, to, count: 0 }
    edges.set(key, known)
    known.count++
  }
  for (const { state, steps } of runs) {
    meet({ id: 'began', kind: 'began', name: 'began' }, undefined)
    for (const step of steps) {
      meet(step, step.ms, step.isFailed)
      for (const before of beforeOf(step, steps)) join(before, step.id)
    }
    meet({ id: state, kind: 'state', name: state }, undefined)
    const lasts = steps.filter((step, n) => !steps.some((other, m) => m > n && isAfter(other, step)))
    for (const last of lasts.length > 0 ? lasts.map(({ id }) => id) : ['began']) join(last, state)
  }
  return {
    runs: runs.length,
    nodes: [...nodes.values()].map(({ count, failed, node, times }) => ({
      ...node,
      count,
      failed,
      median: medianOf(times),
    })),
    edges: [...edges.values()],
  }
}

const isAfter = (step: GraphStep, other: GraphStep): boolean =>
  step !== other && other.ended !== undefined && step.began >= other.ended - slack && step.began >= other.began

/** The steps that ended last before it began: of those that ran beside each other, each. */
function beforeOf(step: GraphStep, steps: readonly GraphStep[]): readonly string[] {
  const at = steps.indexOf(step)
  const earlier = steps.filter((other, n) => n < at && isAfter(step, other))
  const last = earlier.filter(
    (one) => !earlier.some((other) => steps.indexOf(other) > steps.indexOf(one) && isAfter(other, one)),
  )
  return last.length > 0 ? [...new Set(last.map(({ id }) => id))] : ['began']
}

function medianOf(times: readonly number[]): number | undefined {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

interface Row {
  readonly run: string
  readonly state: string
  readonly key: string | null
  readonly kind: string
  readonly began: number
  readonly ended: number | null
  readonly ms: number | null
  readonly outcome: string
}

/** `run_pipeline` gives the runs, the log's key their rows; no body is opened. Months are named, so that no other partition is looked at. */
const sql = `with r as (select id, state from run where t = $1 and pipeline = $2 order by id desc limit $3)
  select r.id as run, r.state, s.* from r left join lateral (
    select l.key, min(l.kind) as kind, min(l.seq) as seq,
      (extract(epoch from min(l.at - coalesce(l.ms, 0) * interval '1 millisecond')) * 1000)::float8 as began,
      (extract(epoch from max(l.at) filter (where l.phase = 'end')) * 1000)::float8 as ended,
      max(l.ms) as ms, coalesce(max(l.outcome) filter (where l.phase = 'end'), 'pending') as outcome
    from run_log l where l.t = $1 and l.month = any($4) and l.month = id_month(r.id) and l.run = r.id and l.key not like '$%' group by l.key) s on true
  order by r.id, s.seq`

/** Kinds whose time is mostly somebody else's: their whole stretch is shown. */
const waiting = new Set(['review', 'gate', 'sleep', 'signal', 'call', 'task'])

/** Reads what the newest runs of a pipeline did. */
export async function pipelineGraph(
  pool: Pool,
  q: { readonly tenant: TenantId; readonly pipeline: string; readonly runs: number },
): Promise<PipelineGraph> {
  const found = await pool.query<{ id: RunId }>(
    'select id from run where t = $1 and pipeline = $2 order by id desc limit $3',
    [q.tenant, q.pipeline, q.runs],
  )
  const months = [...new Set(found.rows.map(({ id }) => monthOf(id)))]
  const { rows } = await pool.query<Row>(sql, [q.tenant, q.pipeline, q.runs, months])
  const runs = [...Map.groupBy(rows, (row) => row.run).values()].map((mine) => ({
    state: mine[0]?.state ?? 'open',
    steps: mine.flatMap((row) => stepOf(row) ?? []),
  }))
  return graphOf(runs)
}

function stepOf({ began, ended, key, kind, ms, outcome }: Row): GraphStep | undefined {
  if (key === null) return undefined
  const name = /(?:^|\/)[a-z]+:([^:#]+)/.exec(key)?.[1] ?? key
  return {
    id: `${kind}:${name}`,
    kind,
    name,
    began,
    ended: ended ?? undefined,
    ms: ended === null ? undefined : waiting.has(kind) ? ended - began : (ms ?? 0),
    isFailed: outcome === 'failed' || outcome === 'denied',
  }
}
