import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { api, bodyOf } from '../api/client.ts'
import type { components } from '../api/generated/schema.d.ts'
import { useRefetch } from '../live/live.tsx'
import { duration } from '../ui/format.ts'
import { JsonText } from '../ui/json.tsx'
import { Failure, Loading, PageHead } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { When } from '../ui/when.tsx'
import { RunCost } from './run-cost.tsx'
import { RunActions } from './run-actions.tsx'
import { Timeline } from './run-steps.tsx'
import './run-page.css'

export type RunView = components['schemas']['Run']

const route = getRouteApi('/places/runs/$run')

/** One run: what became of it and why, what it waits for, its steps, and what it cost. */
export default function RunPage(): React.JSX.Element {
  const { run } = route.useParams()
  const refetch = useRefetch()
  const query = useQuery({
    queryKey: ['run', run],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/runs/{run}', { params: { path: { run } }, signal })),
    refetchInterval: ({ state: { data } }) => (data && data.ended !== undefined ? false : refetch),
  })
  const { data, error } = query
  if (!data)
    return (
      <>
        <PageHead title="Run" />
        {error ? <Failure error={error} retry={query.refetch} /> : <Loading height={560} />}
      </>
    )
  return (
    <>
      <nav aria-label="Where this is" className="crumbs">
        <Link to="/runs">Runs</Link> / <span className="mono">{data.run}</span>
      </nav>
      <PageHead title={`${data.pipeline}: ${data.status}`} actions={<RunActions run={data} />}>
        {data.because}
      </PageHead>
      {error && <Failure error={error} retry={query.refetch} />}
      <div className="run">
        <div className="run-main">
          {data.waitsFor && <WaitsFor waits={data.waitsFor} />}
          {data.error && <RunError error={data.error} />}
          <Timeline run={data} />
          <RunCost run={data.run} />
        </div>
        <aside className="run-side" aria-label="About this run">
          <Facts run={data} />
          <Content name="Input" value={data.input} />
          <Content name="Result" value={data.result} />
        </aside>
      </div>
    </>
  )
}

function WaitsFor({ waits }: { readonly waits: NonNullable<RunView['waitsFor']> }): React.JSX.Element {
  return (
    <section
      className="panel notice"
      data-tone={waits.kind === 'release' ? 'info' : 'warn'}
      aria-label="What it waits for"
    >
      <h2>{waitTitle(waits)}</h2>
      {'why' in waits && waits.why.length > 0 && <p>Because: {waits.why.join(', ')}</p>}
      {waits.kind === 'person' && <p className="dim mono">{waits.item}</p>}
    </section>
  )
}

function waitTitle(waits: NonNullable<RunView['waitsFor']>): string {
  switch (waits.kind) {
    case 'person':
      return `Waits for a person in the queue ${waits.queue}`
    case 'release':
      return `Decided, and held before ${waits.action} until somebody releases it`
    case 'time':
      return `Waits for the time of ${waits.step}`
    case 'other':
      return `Waits at ${waits.step}`
  }
}

const RunError = ({
  error,
}: {
  readonly error: { readonly code: string; readonly message: string }
}): React.JSX.Element => (
  <section className="failure" aria-label="Error">
    <strong className="mono">{error.code}</strong>
    <p>{error.message}</p>
  </section>
)

function Facts({ run }: { readonly run: RunView }): React.JSX.Element {
  const { digest, ended, entity, isHeld, principal, started, status } = run
  return (
    <section className="panel side-panel">
      <dl className="facts">
        <dt>Status</dt>
        <dd>
          <Status state={status} /> {isHeld && <span className="held">held</span>}
        </dd>
        {entity && (
          <>
            <dt>Customer</dt>
            <dd>
              <Link to="/runs" search={{ entity: `${entity.type}/${entity.id}` }}>
                {entity.type}/{entity.id}
              </Link>
            </dd>
          </>
        )}
        <dt>Began</dt>
        <dd>
          <When at={started} />
        </dd>
        <dt>{ended === undefined ? 'So far' : 'Took'}</dt>
        <dd>{duration((ended ?? Date.now()) - started)}</dd>
        {principal !== undefined && (
          <>
            <dt>For</dt>
            <dd className="mono">{principal}</dd>
          </>
        )}
        <dt>Version</dt>
        <dd className="mono" title={digest}>
          {digest.slice(0, 12)}
        </dd>
      </dl>
    </section>
  )
}

/** What a viewer may not see the server leaves out, and what was erased is gone: both are said. */
function Content({ name, value }: { readonly name: string; readonly value: unknown }): React.JSX.Element {
  return (
    <section className="panel side-panel" aria-label={name}>
      <h2>{name}</h2>
      {value === undefined ? <p className="dim">There is none to show.</p> : <JsonText label={name} value={value} />}
    </section>
  )
}
