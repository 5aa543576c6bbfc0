/** What the stream tells: ids and states, never a payload. */
export interface LiveEvent {
  readonly type: string
  readonly run?: string
  readonly pipeline?: string
  readonly item?: string
}

export type Connection = 'connecting' | 'live' | 'lost' | 'polling'

/** Which queries a change makes old, by the first word of their key; a page refetches only what it shows. */
const stale: Readonly<Record<string, readonly string[]>> = {
  run: ['runs', 'run', 'overview', 'pipelines', 'letters'],
  review: ['reviews', 'review', 'overview', 'run'],
  metric: ['overview', 'models', 'cost'],
  session: ['session'],
}
export const staleBy = (events: readonly LiveEvent[]): ReadonlySet<string> =>
  new Set(events.flatMap(({ type }) => stale[type] ?? []))

export function readEvent(data: string): LiveEvent | undefined {
  try {
    const value: unknown = JSON.parse(data)
    if (!(value instanceof Object) || !('type' in value) || typeof value.type !== 'string') return undefined
    return value as LiveEvent // of the server; its ids are only looked for
  } catch {
    return undefined
  }
}
