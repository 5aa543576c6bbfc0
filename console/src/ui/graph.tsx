import { graphlib, layout } from '@dagrejs/dagre'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Tone } from './status.tsx'
import './graph.css'

export interface DrawnNode {
  readonly id: string
  readonly title: string
  /** Above the title, small: what it is. */
  readonly kind: string
  /** Below it: counts, times. */
  readonly note?: string | undefined
  readonly tone?: Tone | undefined
  readonly isMain?: boolean | undefined
  readonly to?: string | undefined
}
export interface DrawnEdge {
  readonly from: string
  readonly to: string
  readonly label?: string | undefined
  /** From 0 to 1: how much of all went this way. */
  readonly weight?: number | undefined
}

interface GraphProps {
  /** What it shows, in words; a table beside it says the rest. */
  readonly label: string
  readonly nodes: readonly DrawnNode[]
  readonly edges: readonly DrawnEdge[]
}

const [boxWidth, boxHeight] = [164, 62]

/** Boxes and arrows from top to bottom. Rejected: a library that pans and zooms (59 kB): none of these graphs is larger than a page, and it scrolls. */
export function Graph({ edges, label, nodes }: GraphProps): React.JSX.Element {
  const drawn = useMemo(() => arrange(nodes, edges), [nodes, edges])
  const navigate = useNavigate()
  return (
    <div className="graph" tabIndex={0} role="region" aria-label={label}>
      <svg width={drawn.width} height={drawn.height} role="img" aria-label={label}>
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0 8 4 0 8z" className="graph-arrow" />
          </marker>
        </defs>
        {drawn.edges.map(({ edge, points }) => {
          const middle = points[Math.floor(points.length / 2)]
          return (
            <g key={`${edge.from} ${edge.to}`}>
              <path
                d={smooth(points)}
                className="graph-edge"
                strokeWidth={1 + 3 * (edge.weight ?? 0)}
                markerEnd="url(#arrow)"
              />
              {edge.label !== undefined && middle && (
                <text x={middle.x} y={middle.y + 4} className="graph-label">
                  {edge.label}
                </text>
              )}
            </g>
          )
        })}
        {drawn.nodes.map(({ node, x, y }) => (
          <g
            key={node.id}
            transform={`translate(${x - boxWidth / 2} ${y - boxHeight / 2})`}
            data-tone={node.tone ?? 'idle'}
            className={`graph-node${node.to === undefined ? '' : ' graph-link'}`}
            onClick={() => node.to !== undefined && void navigate({ to: node.to })}
          >
            <title>{node.title}</title>
            <rect
              width={boxWidth}
              height={boxHeight}
              rx={8}
              className={node.isMain ? 'graph-box graph-main' : 'graph-box'}
            />
            <rect width={4} height={boxHeight - 16} x={0} y={8} rx={2} className="graph-tone" />
            <text x={14} y={18} className="graph-kind">
              {node.kind}
            </text>
            <text x={14} y={35} className="graph-title">
              {short(node.title, 22)}
            </text>
            <text x={14} y={52} className="graph-note">
              {short(node.note ?? '', 28)}
            </text>
          </g>
        ))}
      </svg>
    </div>
  )
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

interface Point {
  readonly x: number
  readonly y: number
}

function arrange(nodes: readonly DrawnNode[], edges: readonly DrawnEdge[]) {
  const graph = new graphlib.Graph({ multigraph: false })
  graph.setGraph({ rankdir: 'TB', nodesep: 26, ranksep: 40, marginx: 8, marginy: 8 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id } of nodes) graph.setNode(id, { width: boxWidth, height: boxHeight })
  const known = new Set(nodes.map(({ id }) => id))
  const drawable = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to)
  for (const { from, to } of drawable) graph.setEdge(from, to)
  layout(graph)
  const size = graph.graph()
  return {
    width: size.width ?? 0,
    height: size.height ?? 0,
    nodes: nodes.map((node) => {
      const { x = 0, y = 0 } = graph.node(node.id)
      return { node, x, y }
    }),
    edges: drawable.map((edge) => ({ edge, points: graph.edge(edge.from, edge.to).points ?? [] })),
  }
}

/** Through the middles of the points, so that it bends and never breaks. */
function smooth(points: readonly Point[]): string {
  const [first, ...rest] = points
  if (!first) return ''
  const parts = rest.map((point, n) => {
    const next = rest[n + 1]
    return next
      ? `Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`
      : `L${point.x} ${point.y}`
  })
  return `M${first.x} ${first.y}${parts.join('')}`
}
