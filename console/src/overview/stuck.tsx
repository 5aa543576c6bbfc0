import { Link } from '@tanstack/react-router'
import { count } from '../ui/format.ts'
import { Empty } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { When } from '../ui/when.tsx'
import type { OverviewView } from './overview.tsx'

/** What does not go on by itself, why, and since when; each row leads to all of its kind. */
export function Stuck({ rows }: { readonly rows: OverviewView['stuck'] }): React.JSX.Element {
  return (
    <section className="panel" aria-labelledby="stuck">
      <div className="panel-head">
        <h2 id="stuck">Stuck or failed, and why</h2>
      </div>
      {rows.length === 0 ? (
        <Empty title="Nothing is stuck">Nothing failed today, and nothing is late.</Empty>
      ) : (
        <div className="scroll-x" tabIndex={0} role="region" aria-labelledby="stuck">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Where</th>
                <th scope="col">Cause</th>
                <th scope="col" className="num">
                  How many
                </th>
                <th scope="col" className="num">
                  Oldest
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={`${row.kind} ${row.where} ${row.code ?? ''}`}>
                  <td>
                    <Status state={row.kind} tone={row.kind === 'overdue' ? 'warn' : 'bad'} />
                  </td>
                  <td>
                    {row.kind === 'overdue' ? (
                      <Link to="/runs" search={{ status: 'waiting' }}>
                        {row.where}
                      </Link>
                    ) : (
                      <Link to="/runs" search={{ status: row.kind, pipeline: row.where }}>
                        {row.where}
                      </Link>
                    )}
                  </td>
                  <td className="mono">{row.code ?? 'nobody has decided in time'}</td>
                  <td className="num">{count(row.count)}</td>
                  <td className="num">
                    <When at={row.since} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
