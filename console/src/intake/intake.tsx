import { Button, Checkbox } from '@mantine/core'
import '@mantine/core/styles/Checkbox.css'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, bodyOf } from '../api/client.ts'
import type { components } from '../api/generated/schema.d.ts'
import { sentenceOf } from '../api/problem.ts'
import { useRefetch } from '../live/live.tsx'
import { count, plural } from '../ui/format.ts'
import { Empty, Failure, Loading, PageHead } from '../ui/page.tsx'
import { When } from '../ui/when.tsx'
import { Letter } from './letter.tsx'
import { Rehearsal } from './rehearsal.tsx'
import './intake.css'

type Letter = components['schemas']['DeadLetter']
export type Replayed = components['schemas']['ReplayedLetter']

const route = getRouteApi('/places/intake')
/** What the server takes in one request. */
const mostAtOnce = 100

/** What came in and no run could be made of: why, what it says, and once more. */
export default function Intake(): React.JSX.Element {
  const refetch = useRefetch()
  const { letter: shown } = route.useSearch()
  const query = useInfiniteQuery({
    queryKey: ['letters'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: after, signal }) =>
      bodyOf(
        api.GET('/api/v1/dead-letters', {
          params: { query: { limit: 50, ...(after !== undefined && { after }) } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next,
    refetchInterval: refetch,
  })
  const letters = query.data?.pages.flatMap((page) => page.letters) ?? []
  return (
    <>
      <PageHead title="Intake">
        Messages that no run could be made of. Nothing is lost: each is kept as it came.
      </PageHead>
      {query.error && <Failure error={query.error} retry={query.refetch} />}
      {query.isPending && !query.error && <Loading height={320} />}
      {query.isSuccess && letters.length === 0 && (
        <div className="panel">
          <Empty title="No dead letter">
            Every message that came in became a run. One that cannot be read, or that its pipeline refuses, appears
            here.
          </Empty>
        </div>
      )}
      {letters.length > 0 && <Letters letters={letters} />}
      {query.hasNextPage && (
        <Button mt={12} variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          More
        </Button>
      )}
      {shown !== undefined && <Letter id={shown} />}
    </>
  )
}

function Letters({ letters }: { readonly letters: readonly Letter[] }): React.JSX.Element {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [rehearsed, setRehearsed] = useState<readonly Replayed[]>()
  const queries = useQueryClient()
  const ids = letters
    .map(({ id }) => id)
    .filter((id) => chosen.has(id))
    .slice(0, mostAtOnce)
  const replay = useMutation({
    mutationFn: (dryRun: boolean) =>
      bodyOf(api.POST('/api/v1/dead-letters/replay', { body: { letters: ids, dryRun } })),
    onSuccess: ({ letters: told }, dryRun) => {
      if (dryRun) return setRehearsed(told)
      setRehearsed(undefined)
      setChosen(new Set())
      const failed = told.filter(({ problem }) => problem).length
      notifications.show({
        message: `${plural(told.length - failed, 'letter')} sent again${failed > 0 ? `, ${count(failed)} could not be` : ''}.`,
        color: failed > 0 ? 'red' : 'race',
      })
      void queries.invalidateQueries({ queryKey: ['letters'] })
    },
    onError: (error) =>
      notifications.show({ title: 'This did not work', message: sentenceOf(error), color: 'red', autoClose: false }),
  })
  const choose = (id: string, isChosen: boolean): void => {
    const next = new Set(chosen)
    if (isChosen) next.add(id)
    else next.delete(id)
    setChosen(next)
    setRehearsed(undefined)
  }
  const all = letters.slice(0, mostAtOnce)
  return (
    <>
      <div className="filters bulk">
        <span className="dim">
          {ids.length === 0 ? 'Choose letters to send them again' : `${plural(ids.length, 'letter')} chosen`}
        </span>
        <Button
          size="compact-sm"
          variant="default"
          disabled={ids.length === 0}
          loading={replay.isPending && replay.variables}
          onClick={() => replay.mutate(true)}
        >
          What would happen
        </Button>
        <Button
          size="compact-sm"
          disabled={ids.length === 0}
          loading={replay.isPending && !replay.variables}
          onClick={() => replay.mutate(false)}
        >
          Send again
        </Button>
      </div>
      {rehearsed && <Rehearsal letters={rehearsed} />}
      <div className="panel scroll-x" tabIndex={0} role="region" aria-label="Dead letters">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">
                <Checkbox
                  size="xs"
                  aria-label={`Choose all ${all.length}`}
                  checked={all.every(({ id }) => chosen.has(id))}
                  indeterminate={ids.length > 0 && ids.length < all.length}
                  onChange={({ currentTarget: { checked } }) =>
                    setChosen(new Set(checked ? all.map(({ id }) => id) : []))
                  }
                />
              </th>
              <th scope="col">Why</th>
              <th scope="col">Pipeline</th>
              <th scope="col">Source</th>
              <th scope="col" className="num">
                Attempts
              </th>
              <th scope="col" className="num">
                Came
              </th>
            </tr>
          </thead>
          <tbody>
            {letters.map((letter) => (
              <tr key={letter.id}>
                <td>
                  <Checkbox
                    size="xs"
                    aria-label={`Choose the letter of ${letter.event.slice(0, 40)}`}
                    checked={chosen.has(letter.id)}
                    onChange={({ currentTarget: { checked } }) => choose(letter.id, checked)}
                  />
                </td>
                <td className="letter-why">
                  <Link to="/intake" search={{ letter: letter.id }} className="mono" resetScroll={false}>
                    {letter.code}
                  </Link>
                  <div>{letter.message}</div>
                </td>
                <td>{letter.pipeline}</td>
                <td className="mono dim letter-source">{letter.source}</td>
                <td className="num">{count(letter.attempts)}</td>
                <td className="num">
                  <When at={letter.created} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
