/** The filters of the list of runs, as they stand in its address. */
export interface RunSearch {
  readonly status?: RunStatus
  readonly pipeline?: string
  readonly entity?: string
  readonly held?: boolean
}

export const runStatuses = ['running', 'waiting', 'paused', 'failed', 'succeeded', 'cancelled', 'killed'] as const
export type RunStatus = (typeof runStatuses)[number]

/** An address that somebody typed: what is no filter is left out. */
export function runSearch(search: Record<string, unknown>): RunSearch {
  const text = (name: string): string | undefined => {
    const value = search[name]
    const said = typeof value === 'number' ? String(value) : value // `?entity=42` is read as a number
    return typeof said === 'string' && said !== '' ? said.slice(0, 200) : undefined
  }
  const status = runStatuses.find((one) => one === search['status'])
  const [pipeline, entity] = [text('pipeline'), text('entity')]
  return {
    ...(status && { status }),
    ...(pipeline !== undefined && { pipeline }),
    ...(entity !== undefined && { entity }),
    ...(search['held'] === true && { held: true }),
  }
}

/** The other filters. */
export function without<Name extends keyof RunSearch>(search: RunSearch, name: Name): Omit<RunSearch, Name> {
  const rest = { ...search }
  delete rest[name]
  return rest
}
