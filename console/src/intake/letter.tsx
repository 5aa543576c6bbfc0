import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { api, bodyOf } from '../api/client.ts'
import { JsonText } from '../ui/json.tsx'
import { Failure, Loading } from '../ui/page.tsx'
import { textOf } from './letter-text.ts'

const route = getRouteApi('/places/intake')

/** One letter as it came: as text, whatever it is. No part of it is loaded, drawn or run. */
export function Letter({ id }: { readonly id: string }): React.JSX.Element {
  const navigate = route.useNavigate()
  const { data, error, refetch } = useQuery({
    queryKey: ['letters', id],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/dead-letters/{letter}', { params: { path: { letter: id } }, signal })),
  })
  return (
    <section className="panel after letter" aria-labelledby="letter">
      <div className="panel-head">
        <h2 id="letter">The message, as it came</h2>
        <Button size="compact-xs" variant="default" onClick={() => void navigate({ search: {}, resetScroll: false })}>
          Close
        </Button>
      </div>
      <div className="panel-body">
        {error && <Failure error={error} retry={refetch} />}
        {!data && !error && <Loading height={200} />}
        {data && (
          <>
            <p className="bad">{data.message}</p>
            <JsonText label="Message" value={textOf(data)} />
          </>
        )}
      </div>
    </section>
  )
}
