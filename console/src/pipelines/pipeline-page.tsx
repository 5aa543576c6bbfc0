import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { api, bodyOf } from '../api/client.ts'
import type { components } from '../api/generated/schema.d.ts'
import { useRefetch } from '../live/live.tsx'
import { count, percent, plural, took } from '../ui/format.ts'
import { type DrawnEdge, type DrawnNode, Graph } from '../ui/graph.tsx'
import { Empty, Failure, Loading, PageHead } from '../ui/page.tsx'
import { toneOf } from '../ui/status.tsx'
import { PauseButton } from './pause-button.tsx'

const route = getRouteApi('/places/pipelines/$pipeline')
type GraphView = components['schemas']['PipelineGraph']

/** A pipeline, drawn from what its newest runs really did. */
export default function PipelinePage(): React.JSX.Element {
  const { pipeline } = route.useParams()
  const refetchInterval = useRefetch()
  const { data, error, refetch } = useQuery({
    queryKey: ['pipelines', pipeline, 'graph'],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/pipelines/{pipeline}/graph', { params: { path: { pipeline } }, signal })),
    refetchInterval: Math.max(refetchInterval, 15_000),
  })
  const states = useQuery({
    queryKey: ['pipelines'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/pipelines', { signal })),
  })
  const state = states.data?.pipelines.find((one) => one.pipeline === pipeline)
  return (
    <>
      <nav aria-label="Where this is" className="crumbs">
        <Link to="/pipelines">Pipelines</Link> / {pipeline}
      </nav>
      <PageHead
        title={pipeline}
        actions={
          <>
            <Link to="/runs" search={{ pipeline }}>
              Its runs
            </Link>
            {state && <PauseButton pipeline={pipeline} isPaused={state.isPaused} />}
          </>
        }
      >
        {data &&
          `What its ${data.runs === 1 ? 'only run' : `newest ${count(data.runs)} runs`} did. The wider an arrow, the more runs went that way.`}
        {state?.isPaused && ' It is paused: what comes in waits.'}
      </PageHead>
      {error && <Failure error={error} retry={refetch} />}
      {!data && !error && <Loading height={460} />}
      {data?.runs === 0 && (
        <div className="panel">
          <Empty title="No run yet">Its drawing appears with its first run.</Empty>
        </div>
      )}
      {data && data.runs > 0 && (
        <>
          <section className="panel" aria-label="Drawing">
            <Drawing view={data} pipeline={pipeline} />
          </section>
          <Steps view={data} />
        </>
      )}
    </>
  )
}

function Drawing({ pipeline, view }: { readonly view: GraphView; readonly pipeline: string }): React.JSX.Element {
  const nodes = useMemo(() => view.nodes.map(drawn), [view])
  const edges = useMemo(
    () =>
      view.edges.map(({ count: runs, from, to }): DrawnEdge => ({
        from,
        to,
        label: count(runs),
        weight: runs / view.runs,
      })),
    [view],
  )
  return <Graph label={`What runs of ${pipeline} did; the table below says the same`} nodes={nodes} edges={edges} />
}

function drawn({ count: runs, failed, id, kind, median, name }: GraphView['nodes'][number]): DrawnNode {
  if (kind === 'began') return { id, kind: 'start', title: 'began', note: plural(runs, 'run'), tone: 'info' }
  if (kind === 'state')
    return {
      id,
      kind: 'run',
      title: name === 'open' ? 'still going' : name,
      note: plural(runs, 'run'),
      tone: name === 'open' ? 'warn' : toneOf(name),
    }
  const note = `${count(runs)} ×${median === undefined ? '' : ` ${took(median)}`}${failed > 0 ? `, ${count(failed)} failed` : ''}`
  return { id, kind, title: name, note, tone: failed > 0 ? 'bad' : 'ok' }
}

/** The drawing for whoever reads rather than looks. */
function Steps({ view }: { readonly view: GraphView }): React.JSX.Element {
  return (
    <section className="panel scroll-x after" tabIndex={0} aria-label="Steps" role="region">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Comes after</th>
            <th scope="col" className="num">
              Times
            </th>
            <th scope="col" className="num">
              Of runs
            </th>
            <th scope="col" className="num">
              Median
            </th>
            <th scope="col" className="num">
              Failed
            </th>
          </tr>
        </thead>
        <tbody>
          {view.nodes
            .filter(({ kind }) => kind !== 'began')
            .map(({ count: times, failed, id, kind, median, name }) => (
              <tr key={id}>
                <td>
                  <span className="dim">{kind === 'state' ? 'run' : kind}</span>{' '}
                  <strong>{kind === 'state' && name === 'open' ? 'still going' : name}</strong>
                </td>
                <td>
                  {view.edges
                    .filter(({ to }) => to === id)
                    .map(({ count: runs, from }) => `${from.slice(from.indexOf(':') + 1)} (${count(runs)})`)
                    .join(', ')}
                </td>
                <td className="num">{count(times)}</td>
                <td className="num">{percent(Math.min(1, times / view.runs))}</td>
                <td className="num">{median === undefined ? '' : took(median)}</td>
                <td className={failed > 0 ? 'num bad' : 'num'}>{count(failed)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  )
}
