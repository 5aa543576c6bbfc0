import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, bodyOf } from '../api/client.ts'
import type { components } from '../api/generated/schema.d.ts'
import { useRefetch } from '../live/live.tsx'
import { count, duration, money, percent, plural } from '../ui/format.ts'
import { Empty, Failure, Loading, PageHead } from '../ui/page.tsx'
import { When } from '../ui/when.tsx'
import { Hours } from './hours.tsx'
import { needsOf } from './needs.ts'
import { Stuck } from './stuck.tsx'
import './overview.css'

export type OverviewView = components['schemas']['Overview']

/** Midnight of the reader's own day. */
const today = (): number => new Date().setHours(0, 0, 0, 0)

/** What the system did today, and what it needs from people: read in ten seconds, from the top. */
export default function Overview(): React.JSX.Element {
  const refetchInterval = useRefetch()
  const { data, error, refetch } = useQuery({
    queryKey: ['overview', today()],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/overview', { params: { query: { since: today() } }, signal })),
    refetchInterval,
  })
  return (
    <>
      <PageHead title="Today">{data && <Sentence view={data} />}</PageHead>
      {error && <Failure error={error} retry={refetch} />}
      {!data && !error && <Loading height={560} />}
      {data && (
        <div className="overview">
          <Figures view={data} />
          <Needs view={data} />
          <Stuck rows={data.stuck} />
          <section className="panel wide" aria-labelledby="volume">
            <div className="panel-head">
              <h2 id="volume">Runs by the hour</h2>
              <span className="dim">{plural(data.runs['began'] ?? 0, 'run')} since midnight</span>
            </div>
            <Hours hours={data.hours} />
          </section>
        </div>
      )}
    </>
  )
}

function Sentence({ view }: { readonly view: OverviewView }): React.JSX.Element {
  const { automation, needs, runs } = view
  const began = runs['began'] ?? 0
  if (began === 0) return <>Nothing has come in since midnight.</>
  const asks =
    needs.items === 0
      ? 'nobody is waited for'
      : `${plural(needs.items, 'question waits', 'questions wait')} for a person`
  return (
    <>
      {plural(began, 'run')} began; {count(automation.alone)} were decided without anybody, and {asks}.
    </>
  )
}

interface FigureProps {
  readonly name: string
  readonly value: string
  readonly children: React.ReactNode
}

const Figure = ({ children, name, value }: FigureProps): React.JSX.Element => (
  <div className="figure panel">
    <dt>{name}</dt>
    <dd className="figure-value">{value}</dd>
    <dd className="figure-note">{children}</dd>
  </div>
)

function Figures({ view }: { readonly view: OverviewView }): React.JSX.Element {
  const { automation, costs, failures, people, returns, runs } = view
  const ended = failures.ended
  const cost = costs.find(({ currency }) => currency !== '')
  const unknown = costs.reduce((sum, one) => sum + one.unknown, 0)
  const [best] = returns
  return (
    <dl className="figures">
      <Figure
        name="Automated"
        value={automation.decided === 0 ? 'none yet' : percent(automation.alone / automation.decided)}
      >
        {count(automation.alone)} of {plural(automation.decided, 'decided run')} asked nobody
      </Figure>
      <Figure name="Failed" value={ended === 0 ? 'none yet' : percent(failures.share)}>
        {ended === 0
          ? 'no run has ended yet'
          : `${count(failures.count)} of ${count(ended)}; 95 % sure of ${percent(failures.low)} to ${percent(failures.high)}`}
      </Figure>
      <Figure name="Cost of a run" value={cost && ended > 0 ? money(Number(cost.nano) / ended, cost.currency) : 'none'}>
        {cost ? `${money(cost.nano, cost.currency)} for models in all` : 'no model that is paid for was asked'}
        {unknown > 0 && `; ${plural(unknown, 'call')} without a price`}
      </Figure>
      <Figure name="People’s time" value={people.decisions === 0 ? 'none yet' : duration(people.activeMs)}>
        {people.decisions === 0
          ? 'nobody has decided anything today'
          : `${plural(people.decisions, 'decision')}, ${count(people.rejected)} against the proposal`}
      </Figure>
      {best ? (
        <Figure name="Saved" value={money(String(BigInt(best.baseline) - BigInt(best.spent)), best.currency)}>
          {money(best.baseline, best.currency)} by hand, {money(best.spent, best.currency)} spent
        </Figure>
      ) : (
        <Figure name="Now" value={plural(runs['running'] ?? 0, 'running', 'running')}>
          {count(runs['waiting'] ?? 0)} waiting, {count(runs['paused'] ?? 0)} paused
        </Figure>
      )}
    </dl>
  )
}

function Needs({ view }: { readonly view: OverviewView }): React.JSX.Element {
  const needs = needsOf(view)
  return (
    <section className="panel" aria-labelledby="needs">
      <div className="panel-head">
        <h2 id="needs">Needs you</h2>
        {view.needs.oldest !== undefined && (
          <span className="dim">
            oldest <When at={view.needs.oldest} />
          </span>
        )}
      </div>
      {needs.length === 0 ? (
        <Empty title="Nothing needs a person">It goes on by itself; what does not appears here.</Empty>
      ) : (
        <ul className="needs">
          {needs.map(({ count: number, name, note, search, to, tone }) => (
            <li key={name} data-tone={tone}>
              <Link to={to} {...(search && { search })} className="need">
                <span className="need-count">{count(number)}</span>
                <span>
                  {name}
                  <span className="dim need-note">{note}</span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
