import { useConnection } from '../live/live.tsx'

const words = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Connection lost: trying again',
  polling: 'Refreshed every 5 s',
} as const

/** Whether what is shown is current. */
export function ConnectionState(): React.JSX.Element {
  const state = useConnection()
  return (
    <div className="connection" data-state={state} role="status">
      {words[state]}
    </div>
  )
}
