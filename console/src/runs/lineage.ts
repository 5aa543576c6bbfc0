import type { DrawnEdge, DrawnNode } from '../ui/graph.tsx'

interface Factor {
  readonly kind: string
  readonly name: string
  readonly digest: string
}
export interface LineageStep {
  readonly key: string
  readonly kind: string
  readonly resource: string
  readonly state: string
  readonly began: number
  readonly ended?: number | undefined
  /** How long it worked: a step that is one record began so long before that was written. */
  readonly ms?: number | undefined
  readonly confidence?: number | undefined
  readonly factors: readonly Factor[]
}

/** What stands around one step. */
export interface Lineage {
  readonly nodes: readonly DrawnNode[]
  readonly edges: readonly DrawnEdge[]
}

/**
 * Two hops around a step: what took part in it and what it came after, what took part in those; then what came after it, and after that.
 * Steps that ran beside it are in neither direction: they knew nothing of each other.
 */
export function lineageOf(key: string, steps: readonly LineageStep[], run: string): Lineage {
  const nodes = new Map<string, DrawnNode>()
  const edges: DrawnEdge[] = []
  const at = steps.find((step) => step.key === key)
  if (!at) return { nodes: [], edges }
  const add = (step: LineageStep): void => {
    nodes.set(step.key, {
      id: step.key,
      kind: step.kind,
      title: step.resource,
      note: step.confidence === undefined ? step.state : `${step.state}, ${Math.round(step.confidence * 100)} % sure`,
      tone: step.state === 'done' ? 'ok' : step.state === 'waiting' ? 'warn' : step.state === 'failed' ? 'bad' : 'idle',
      isMain: step.key === key,
      to: `/runs/${run}/lineage/${encodeURIComponent(step.key)}`,
    })
    for (const { digest, kind, name } of step.factors) {
      const id = `${kind} ${digest}`
      if (!nodes.has(id)) nodes.set(id, { id, kind, title: name, note: digest.slice(0, 12), tone: 'info' })
      edges.push({ from: id, to: step.key })
    }
  }
  add(at)
  const follow = (
    from: LineageStep,
    next: (step: LineageStep) => readonly LineageStep[],
    hops: number,
    isBack: boolean,
  ): void => {
    if (hops === 0) return
    for (const step of next(from)) {
      if (!nodes.has(step.key)) add(step)
      edges.push(isBack ? { from: step.key, to: from.key } : { from: from.key, to: step.key })
      follow(step, next, hops - 1, isBack)
    }
  }
  const order = new Map(steps.map((step, n) => [step, n]))
  const isBefore = (one: LineageStep, other: LineageStep): boolean =>
    (order.get(one) ?? 0) < (order.get(other) ?? 0) && one.ended !== undefined && one.ended <= beganOf(other) + slack
  const before = (step: LineageStep): readonly LineageStep[] => {
    const all = steps.filter((other) => isBefore(other, step))
    return all.filter((one) => !all.some((other) => isBefore(one, other)))
  }
  const after = (step: LineageStep): readonly LineageStep[] => {
    const all = steps.filter((other) => isBefore(step, other))
    return all.filter((one) => !all.some((other) => isBefore(other, one)))
  }
  follow(at, before, 2, true)
  follow(at, after, 2, false)
  return { nodes: [...nodes.values()], edges: unique(edges) }
}

/** Two workers' clocks, and whole milliseconds. */
const slack = 3
const beganOf = ({ began, ended, ms = 0 }: LineageStep): number => (began === ended ? began - ms : began)

const unique = (edges: readonly DrawnEdge[]): readonly DrawnEdge[] => [
  ...new Map(edges.map((edge) => [`${edge.from}\n${edge.to}`, edge])).values(),
]
