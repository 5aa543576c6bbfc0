import type { DialectName } from './dialect.ts'

export interface ListedModel {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
}

/** `GET /v1/models` in the caller's dialect: the two interfaces share the path, and clients of each read only their own. */
export function modelList(dialect: DialectName, models: readonly ListedModel[]): string {
  if (dialect !== 'anthropic-messages')
    return JSON.stringify({
      object: 'list',
      data: models.map(({ id, created }) => ({ id, object: 'model', created, owned_by: 'millrace' })),
    })
  return JSON.stringify({
    data: models.map(({ id, created }) => ({
      type: 'model',
      id,
      display_name: id,
      created_at: new Date(created * 1000).toISOString(),
    })),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  })
}
