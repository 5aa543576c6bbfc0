import { count } from '../ui/format.ts'
import type { OverviewView } from './overview.tsx'

const [width, height] = [960, 120]

/** Runs of each hour as bars, those that failed in red at the foot; a list says the same to whoever does not look. */
export function Hours({ hours }: { readonly hours: OverviewView['hours'] }): React.JSX.Element {
  const most = Math.max(1, ...hours.map(({ runs }) => runs))
  const step = width / 24
  const name = (at: number): string => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  const first = hours[0]?.at ?? 0
  return (
    <div className="panel-body">
      <svg className="hours" viewBox={`0 0 ${width} ${height + 20}`} aria-hidden>
        <line x1={0} x2={width} y1={height} y2={height} className="hours-axis" />
        {Array.from({ length: 24 }, (_, n) => {
          const hour = hours[n]
          const [all, failed] = [hour?.runs ?? 0, hour?.failed ?? 0]
          const tall = (of: number): number => (of === 0 ? 0 : Math.max(3, (of / most) * (height - 20)))
          const at = first + n * 3_600_000
          return (
            <g key={n} transform={`translate(${n * step})`}>
              <title>{`${name(at)}: ${count(all)} runs, ${count(failed)} failed`}</title>
              <rect x={3} width={step - 6} y={height - tall(all)} height={tall(all)} rx={2} className="hours-all" />
              <rect
                x={3}
                width={step - 6}
                y={height - tall(failed)}
                height={tall(failed)}
                rx={2}
                className="hours-failed"
              />
              {all > 0 && (
                <text x={step / 2} y={height - tall(all) - 5} className="hours-count">
                  {count(all)}
                </text>
              )}
              {n % 3 === 0 && (
                <text x={step / 2} y={height + 16} className="hours-name">
                  {name(at)}
                </text>
              )}
            </g>
          )
        })}
      </svg>
      <ul className="visually-hidden">
        {hours
          .filter(({ runs }) => runs > 0)
          .map(({ at, failed, runs }) => (
            <li key={at}>
              {name(at)}: {runs} runs, {failed} failed
            </li>
          ))}
      </ul>
    </div>
  )
}
