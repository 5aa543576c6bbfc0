import { count } from '../ui/format.ts'
import type { OverviewView } from './overview.tsx'

const hour = 3_600_000
const tallest = 92

/** Runs of each hour as bars, those that failed in red at the foot; a list says the same to whoever does not look. */
export function Hours({ hours }: { readonly hours: OverviewView['hours'] }): React.JSX.Element {
  const most = Math.max(1, ...hours.map(({ runs }) => runs))
  const first = hours[0]?.at ?? 0
  return (
    <div className="panel-body">
      <div className="hours" aria-hidden>
        {Array.from({ length: 24 }, (_, n) => {
          const { failed, runs } = hours[n] ?? { runs: 0, failed: 0 }
          const tall = runs === 0 ? 0 : Math.max(3, (runs / most) * tallest)
          const name = nameOf(first + n * hour)
          return (
            <div key={n} className="hour" title={`${name}: ${count(runs)} runs, ${count(failed)} failed`}>
              {runs > 0 && <span>{count(runs)}</span>}
              <div className="hour-bar" style={{ height: tall }}>
                <span style={{ height: failed === 0 ? 0 : Math.max(2, (failed / runs) * tall) }} />
              </div>
              <div className="hour-name">{n % 6 === 0 ? name : ''}</div>
            </div>
          )
        })}
      </div>
      <ul className="visually-hidden">
        {hours
          .filter(({ runs }) => runs > 0)
          .map(({ at, failed, runs }) => (
            <li key={at}>
              {nameOf(at)}: {runs} runs, {failed} failed
            </li>
          ))}
      </ul>
    </div>
  )
}

const nameOf = (at: number): string => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
