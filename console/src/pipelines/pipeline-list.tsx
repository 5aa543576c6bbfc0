import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, bodyOf } from '../api/client.ts'
import { useRefetch } from '../live/live.tsx'
import { count } from '../ui/format.ts'
import { Empty, Failure, Loading, PageHead } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { PauseButton } from './pause-button.tsx'

/** Which pipelines there are, and whether they take new runs. */
export default function PipelineList(): React.JSX.Element {
  const refetchInterval = useRefetch()
  const { data, error, refetch } = useQuery({
    queryKey: ['pipelines'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/pipelines', { signal })),
    refetchInterval,
  })
  return (
    <>
      <PageHead title="Pipelines">Each leads to a drawing of what its runs did.</PageHead>
      {error && <Failure error={error} retry={refetch} />}
      {!data && !error && <Loading height={180} />}
      {data && data.pipelines.length === 0 && (
        <div className="panel">
          <Empty title="This project has no pipeline">Name one in millrace.config.ts, under `pipelines`.</Empty>
        </div>
      )}
      {data && data.pipelines.length > 0 && (
        <div className="panel scroll-x" tabIndex={0} role="region" aria-label="Pipelines">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Pipeline</th>
                <th scope="col">State</th>
                <th scope="col" className="num">
                  Waiting to begin
                </th>
                <th scope="col">
                  <span className="visually-hidden">Pause or resume</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.pipelines.map(({ isPaused, pending, pipeline }) => (
                <tr key={pipeline}>
                  <td>
                    <Link to="/pipelines/$pipeline" params={{ pipeline }}>
                      <strong>{pipeline}</strong>
                    </Link>
                  </td>
                  <td>
                    <Status state={isPaused ? 'paused' : 'takes runs'} tone={isPaused ? 'warn' : 'ok'} />
                  </td>
                  <td className="num">{pending >= 10_000 ? 'more than 10,000' : count(pending)}</td>
                  <td className="num">
                    <PauseButton pipeline={pipeline} isPaused={isPaused} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}
