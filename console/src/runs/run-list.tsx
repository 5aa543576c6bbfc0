import { Button, Switch, TextInput } from '@mantine/core'
import '@mantine/core/styles/Switch.css'
import { IconSearch } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { api, bodyOf } from '../api/client.ts'
import { useRefetch } from '../live/live.tsx'
import { duration, shortId } from '../ui/format.ts'
import { Empty, Failure, Loading, PageHead } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { Since, When } from '../ui/when.tsx'
import { useListKeys } from '../ui/list-keys.ts'
import { type RunSearch, runStatuses, without } from './run-search.ts'
import './runs.css'

const route = getRouteApi('/places/runs')
const pageSize = 100
const rowHeight = 40
/** Pages that are read again by themselves: who has gone far down reads the past, which does not change. */
const mostLivePages = 3

/** Every run, the newest first, filtered by the address. */
export default function RunList(): React.JSX.Element {
  const search = route.useSearch()
  const refetch = useRefetch()
  const query = useInfiniteQuery({
    queryKey: ['runs', search],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      bodyOf(
        api.GET('/api/v1/runs', {
          params: { query: queryOf(search, pageParam) },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= mostLivePages ? refetch : false),
  })
  const runs = query.data?.pages.flatMap((page) => page.runs) ?? []
  return (
    <>
      <PageHead title="Runs">The newest first. Each row leads to what the run did and why.</PageHead>
      <Filters search={search} />
      {query.error && <Failure error={query.error} retry={query.refetch} />}
      {query.isPending && !query.error && <Loading height={480} />}
      {query.isSuccess && runs.length === 0 && <NoRuns search={search} />}
      {runs.length > 0 && (
        <Rows
          runs={runs}
          isMore={query.hasNextPage}
          more={() => void query.fetchNextPage()}
          isBusy={query.isFetching}
        />
      )}
    </>
  )
}

const queryOf = ({ held, ...search }: RunSearch, after: string | undefined) => ({
  ...search,
  ...(held && { held: 'true' as const }),
  ...(after !== undefined && { after }),
  limit: pageSize,
})

function Filters({ search }: { readonly search: RunSearch }): React.JSX.Element {
  const navigate = route.useNavigate()
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (field.current) field.current.value = search.entity ?? ''
  }, [search.entity])
  const find = (): void => {
    const entity = field.current?.value.trim() ?? ''
    void navigate({ search: (all) => (entity === '' ? without(all, 'entity') : { ...all, entity }) })
  }
  return (
    <div className="filters">
      <nav className="tabs" aria-label="Status">
        {[undefined, ...runStatuses].map((status) => (
          <Link
            key={status ?? 'all'}
            to="/runs"
            search={(all: RunSearch) => (status ? { ...all, status } : without(all, 'status'))}
            activeOptions={{ exact: true, includeSearch: true }}
          >
            {status ?? 'all'}
          </Link>
        ))}
      </nav>
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault()
          find()
        }}
      >
        <TextInput
          ref={field}
          data-search
          aria-label="Customer"
          placeholder="Customer: customer/42, or 42"
          leftSection={<IconSearch size={14} />}
          size="xs"
          w={250}
          defaultValue={search.entity}
          onBlur={find}
        />
      </form>
      <Switch
        size="xs"
        label="Held only"
        checked={search.held ?? false}
        onChange={({ currentTarget: { checked } }) =>
          void navigate({ search: (all) => (checked ? { ...all, held: true } : without(all, 'held')) })
        }
      />
      {search.pipeline !== undefined && (
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => void navigate({ search: (all) => without(all, 'pipeline') })}
        >
          {search.pipeline} ×<span className="visually-hidden">Show every pipeline</span>
        </Button>
      )}
    </div>
  )
}

interface Run {
  readonly run: string
  readonly pipeline: string
  readonly status: string
  readonly started: number
  readonly ended?: number | undefined
  readonly code?: string | undefined
  readonly isHeld: boolean
  readonly entity?: { readonly type: string; readonly id: string } | undefined
}

interface RowsProps {
  readonly runs: readonly Run[]
  readonly isMore: boolean
  readonly isBusy: boolean
  readonly more: () => void
}

/** Only the rows that are seen stand in the page: a list of a million is as fast as one of ten. */
function Rows({ isBusy, isMore, more, runs }: RowsProps): React.JSX.Element {
  const list = useRef<HTMLDivElement>(null)
  const navigate = route.useNavigate()
  const rows = useWindowVirtualizer({
    count: runs.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: list.current?.offsetTop ?? 0,
  })
  const shown = rows.getVirtualItems()
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (isMore && !isBusy && last >= runs.length - 20) more()
  }, [isBusy, isMore, last, more, runs.length])
  const at = useListKeys(runs.length, {
    open: (n) => {
      const run = runs[n]?.run
      if (run !== undefined) void navigate({ to: '/runs/$run', params: { run } })
    },
    show: (n) => rows.scrollToIndex(n),
  })
  return (
    <div className="panel run-rows" role="table" aria-label="Runs" aria-rowcount={isMore ? -1 : runs.length + 1}>
      <div role="rowgroup">
        <div className="run-row run-row-head" role="row" aria-rowindex={1}>
          <span role="columnheader">Status</span>
          <span role="columnheader">Pipeline</span>
          <span role="columnheader" className="wide">
            Customer
          </span>
          <span role="columnheader" className="wide">
            Cause
          </span>
          <span role="columnheader" className="num wide">
            Took
          </span>
          <span role="columnheader" className="num">
            Started
          </span>
          <span role="columnheader" className="num wide">
            Run
          </span>
        </div>
      </div>
      <div role="rowgroup" ref={list} className="run-body" style={{ height: rows.getTotalSize() }}>
        {shown.map(({ index, key, start }) => {
          const run = runs[index]
          if (!run) return undefined
          return (
            <div
              key={key}
              role="row"
              aria-rowindex={index + 2}
              className="run-row"
              data-at={index === at || undefined}
              style={{ transform: `translateY(${start - rows.options.scrollMargin}px)` }}
            >
              <span role="cell">
                <Status state={run.status} />
              </span>
              <span role="cell">
                <Link to="/runs/$run" params={{ run: run.run }} className="row-link">
                  {run.pipeline}
                </Link>
                {run.isHeld && <span className="held">held</span>}
              </span>
              <span role="cell" className="wide">
                {run.entity ? `${run.entity.type}/${run.entity.id}` : <span className="dim">none</span>}
              </span>
              <span role="cell" className="wide mono dim">
                {run.code}
              </span>
              <span role="cell" className="num wide">
                {run.ended === undefined ? <Since at={run.started} /> : duration(run.ended - run.started)}
              </span>
              <span role="cell" className="num">
                <When at={run.started} />
              </span>
              <span role="cell" className="num wide mono dim" title={run.run}>
                {shortId(run.run)}
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}

function NoRuns({ search }: { readonly search: RunSearch }): React.JSX.Element {
  if (Object.keys(search).length > 0)
    return (
      <div className="panel">
        <Empty title="No run fits these filters">
          <Link to="/runs" search={{}}>
            Show every run
          </Link>
        </Empty>
      </div>
    )
  return (
    <div className="panel">
      <Empty title="No run yet">
        Send a message to a pipeline, and it appears here.
        <br />
        <pre>{'npm run millrace -- run support-triage --mailbox pipelines/support-triage/mailbox'}</pre>
      </Empty>
    </div>
  )
}
