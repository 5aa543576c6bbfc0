import { useSyncExternalStore } from 'react'
import { duration, relative } from './format.ts'

/** One clock for every time on the page: a hundred timers would wake the browser a hundred times. */
let now = Date.now()
const told = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
function subscribe(tell: () => void): () => void {
  told.add(tell)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const one of told) one()
  }, 5000)
  return () => {
    told.delete(tell)
    if (told.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The present, to five seconds. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** A moment as people say it, the absolute one on hover. */
export function When({ at }: { readonly at: number }): React.JSX.Element {
  const present = useNow()
  const date = new Date(at)
  return (
    <time dateTime={date.toISOString()} title={exact.format(date)}>
      {relative(at, present)}
    </time>
  )
}

/** How long something has taken so far. */
export function Since({ at }: { readonly at: number }): React.JSX.Element {
  return <span title={exact.format(new Date(at))}>{duration(useNow() - at)}</span>
}
