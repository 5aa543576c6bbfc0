import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { api, bodyOf } from '../api/client.ts'
import { Graph } from '../ui/graph.tsx'
import { Empty, Failure, Loading, PageHead } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { When } from '../ui/when.tsx'
import { lineageOf } from './lineage.ts'
import './lineage.css'

const route = getRouteApi('/places/runs/$run/lineage/$step')

/** Why a step gave what it gave: a list of causes, a drawing of two hops, and the records that prove it. */
export default function LineagePage(): React.JSX.Element {
  const { run, step: key } = route.useParams()
  const params = { path: { run } }
  const view = useQuery({
    queryKey: ['run', run],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/runs/{run}', { params, signal })),
  })
  const ledger = useQuery({
    queryKey: ['run', run, 'lineage'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/runs/{run}/lineage', { params, signal })),
  })
  const steps = view.data?.steps
  const lineage = useMemo(() => lineageOf(key, steps ?? [], run), [key, run, steps])
  const step = steps?.find((one) => one.key === key)
  const error = view.error ?? ledger.error
  const records = ledger.data?.records.filter((record) => record.key === key) ?? []
  return (
    <>
      <nav aria-label="Where this is" className="crumbs">
        <Link to="/runs">Runs</Link> /{' '}
        <Link to="/runs/$run" params={{ run }} className="mono">
          {run}
        </Link>{' '}
        / <span className="mono">{key}</span>
      </nav>
      <PageHead title={step ? `Why ${step.kind} ${step.resource}` : 'Lineage'}>{view.data?.because}</PageHead>
      {error && <Failure error={error} retry={() => Promise.all([view.refetch(), ledger.refetch()])} />}
      {!view.data && !error && <Loading height={480} />}
      {view.data && !step && (
        <div className="panel">
          <Empty title="This run has no such step">
            <Link to="/runs/$run" params={{ run }}>
              Back to the run
            </Link>
          </Empty>
        </div>
      )}
      {step && (
        <div className="lineage">
          <section className="panel side-panel" aria-labelledby="because">
            <h2 id="because">Because</h2>
            <ol className="because">
              <li>
                It ended as <Status state={step.state} />
                {step.confidence !== undefined && ` ${Math.round(step.confidence * 100)} % sure`}
                {step.error && (
                  <>
                    {' '}
                    with <span className="mono">{step.error.code}</span>
                  </>
                )}
              </li>
              {[...new Map(step.factors.map((one) => [`${one.kind} ${one.digest}`, one])).values()].map(
                ({ digest, kind, name }) => (
                  <li key={`${kind} ${digest}`}>
                    the {kind} <strong>{name}</strong> took part{' '}
                    <span className="mono dim" title={digest}>
                      {digest.slice(0, 12)}
                    </span>
                  </li>
                ),
              )}
              {lineage.edges
                .filter(({ from, to }) => to === key && steps?.some((one) => one.key === from))
                .map(({ from }) => {
                  const before = steps?.find((one) => one.key === from)
                  return (
                    before && (
                      <li key={from}>
                        it came after{' '}
                        <Link to="/runs/$run/lineage/$step" params={{ run, step: from }}>
                          {before.kind} {before.resource}
                        </Link>
                      </li>
                    )
                  )
                })}
            </ol>
          </section>
          <section className="panel" aria-labelledby="drawing">
            <div className="panel-head">
              <h2 id="drawing">Two steps back, two steps on</h2>
            </div>
            <Graph
              label={`Around ${step.resource}; the tables say the same`}
              nodes={lineage.nodes}
              edges={lineage.edges}
            />
          </section>
          <section className="panel scroll-x wide" tabIndex={0} role="region" aria-label="The drawing as a table">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">From</th>
                  <th scope="col">To</th>
                </tr>
              </thead>
              <tbody>
                {lineage.edges.map(({ from, to }) => (
                  <tr key={`${from} ${to}`}>
                    <td>{nameOf(lineage.nodes, from)}</td>
                    <td>{nameOf(lineage.nodes, to)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          <section className="panel scroll-x wide" tabIndex={0} role="region" aria-labelledby="records">
            <div className="panel-head">
              <h2 id="records">Records of the ledger</h2>
              <span className="dim">each is checked against its hash when this page is read</span>
            </div>
            <table className="table">
              <thead>
                <tr>
                  <th scope="col" className="num">
                    No.
                  </th>
                  <th scope="col">What</th>
                  <th scope="col">Check</th>
                  <th scope="col">Hash</th>
                  <th scope="col" className="num">
                    Written
                  </th>
                </tr>
              </thead>
              <tbody>
                {records.map(({ at, leafHash, outcome, phase, problems, seq }) => (
                  <tr key={seq}>
                    <td className="num">{seq}</td>
                    <td>
                      {phase} {outcome}
                    </td>
                    <td>
                      {problems.length === 0 ? (
                        <Status state="fits" tone="ok" />
                      ) : (
                        <Status state={problems.join('; ')} tone="bad" />
                      )}
                    </td>
                    <td className="mono dim" title={leafHash}>
                      {leafHash.slice(0, 16)}
                    </td>
                    <td className="num">
                      <When at={at} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </div>
      )}
    </>
  )
}

const nameOf = (
  nodes: readonly { readonly id: string; readonly kind: string; readonly title: string }[],
  id: string,
): string => {
  const node = nodes.find((one) => one.id === id)
  return node ? `${node.kind} ${node.title}` : id
}
