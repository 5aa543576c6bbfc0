import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState } from 'react'
import { announce } from '../shell/announcer.tsx'
import { type Connection, type LiveEvent, staleBy } from './events.ts'
import { LiveStream } from './stream.ts'

const state = createContext<Connection>('connecting')

/** Of the stream: pages without one ask again by themselves. */
export const useConnection = (): Connection => useContext(state)
/** For `refetchInterval`: often without a stream, as a precaution with one. */
export const useRefetch = (): number => (useConnection() === 'live' ? 60_000 : 5000)

/** Events that come in one moment make a page old once: at fifty a second it asks four times, not fifty. */
const gatherFor = 250

/** Joins the shown pages to the stream. */
export function Live({ children }: { readonly children: React.ReactNode }): React.JSX.Element {
  const queries = useQueryClient()
  const [connection, setConnection] = useState<Connection>('connecting')
  useEffect(() => {
    let gathered: LiveEvent[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const flush = (): void => {
      timer = undefined
      const stale = staleBy(gathered)
      gathered = []
      void queries.invalidateQueries({ predicate: ({ queryKey }) => stale.has(String(queryKey[0])) })
    }
    const stream = new LiveStream({
      onState: (next) => {
        setConnection(next)
        if (next === 'lost') announce('The connection to the server is lost. What you see may be old.')
      },
      onEvent: (event) => {
        gathered.push(event)
        timer ??= setTimeout(flush, gatherFor)
      },
      onGap: () => {
        notifications.show({ message: 'Connected again: what you see is current.', color: 'race', autoClose: 4000 })
        void queries.invalidateQueries()
      },
    })
    return () => {
      clearTimeout(timer)
      stream.close()
    }
  }, [queries])
  return <state.Provider value={connection}>{children}</state.Provider>
}
