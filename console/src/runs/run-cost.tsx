import { useQuery } from '@tanstack/react-query'
import { api, bodyOf } from '../api/client.ts'
import { duration, money, plural } from '../ui/format.ts'
import { Failure } from '../ui/page.tsx'

/** What the run's model calls cost; a run that asked no paid model says so in a line. */
export function RunCost({ run }: { readonly run: string }): React.JSX.Element {
  const { data, error, refetch } = useQuery({
    queryKey: ['run', run, 'calls'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/calls', { params: { query: { run, limit: 200 } }, signal })),
  })
  const calls = data?.calls ?? []
  const sums = Map.groupBy(
    calls.flatMap(({ cost }) => cost ?? []),
    ({ currency }) => currency,
  )
  const total = [...sums].map(([currency, all]) =>
    money(
      all.reduce((sum, { nano }) => sum + BigInt(nano), 0n),
      currency,
    ),
  )
  return (
    <section className="panel" aria-labelledby="cost">
      <div className="panel-head">
        <h2 id="cost">Model calls</h2>
        <span className="dim">
          {data &&
            (calls.length === 0
              ? 'none went through the gateway'
              : `${plural(calls.length, 'call')}, ${total.join(' and ') || 'no known cost'}`)}
        </span>
      </div>
      {error && <Failure error={error} retry={refetch} />}
      {calls.length > 0 && (
        <div className="scroll-x" tabIndex={0} role="region" aria-labelledby="cost">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Route</th>
                <th scope="col">Answered by</th>
                <th scope="col">Outcome</th>
                <th scope="col" className="num">
                  Attempts
                </th>
                <th scope="col" className="num">
                  Took
                </th>
                <th scope="col" className="num">
                  Cost
                </th>
              </tr>
            </thead>
            <tbody>
              {calls.map((call) => (
                <tr key={call.id}>
                  <td>{call.route}</td>
                  <td>{call.cache ? `cache (${call.cache.kind})` : (call.answered?.model ?? 'nobody')}</td>
                  <td className={call.error ? 'bad mono' : ''}>{call.error?.code ?? 'answered'}</td>
                  <td className="num">{call.attempts.length}</td>
                  <td className="num">{duration(call.total)}</td>
                  <td className="num">{call.cost ? money(call.cost.nano, call.cost.currency) : 'not known'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
