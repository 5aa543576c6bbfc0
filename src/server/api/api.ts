import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Prefix } from '../../core/ids.ts'
import type { Verified } from '../../governance/api-keys.ts'

/** Who asks: a person, by a key or by a session. */
export type Principal = Pick<Verified, 'tenant' | 'person'> & { readonly session?: string }

/** What every handler knows: who asks. */
export interface ApiEnv {
  Variables: { principal: Principal }
}
export type Api = OpenAPIHono<ApiEnv>
export type ApiContext = Context<ApiEnv>

/** Part of the API; what does not fit a route's schema is `api/bad-request`, with every problem. */
export const makeApi = (): Api =>
  new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return
      const problems = result.error.issues
        .slice(0, 10)
        .map(({ path, message }) => `${path.join('.') || result.target}: ${message}`)
      throw new MillraceError('api/bad-request', { problems: problems.join('; ') })
    },
  })

/** Text of one line: the database takes no NUL, and no name of ours has another control character. */
export const line = (most: number): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(/^\P{Cc}*$/u, 'expected a line without control characters')
    .openapi({ pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' }) // JSON Schema's patterns have no flags

/** Of an address that takes events: written out, so that `hold=no` is refused, and never read as a yes. */
export const holdQuery = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')
  .openapi({
    description:
      'Decide everything and change nothing outside, until the run is released. A known event keeps the run that it has.',
  })

/** A JSON answer in a route's description. */
export const answers = <S extends z.ZodType>(schema: S, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})

/** A JSON body in a route's description. */
export const takes = <S extends z.ZodType>(schema: S) => ({
  content: { 'application/json': { schema } },
  required: true as const,
})

/** A JSON body that says nothing that must be said: it may be left away. */
export const mayTake = <S extends z.ZodType>(schema: S) => ({
  content: { 'application/json': { schema } },
  required: false as const,
})

/** The cursor of a list that is in the order of its ids. */
export const afterId = (prefix: Prefix): z.ZodString =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-f]{32}$`), 'not a cursor of this list')
    .openapi({ description: 'The `next` of the page before.' })

/** A problem document (RFC 9457), as every failure is answered. */
export const problemSchema = z.strictObject({
  type: z.string().openapi({ example: 'urn:millrace:error:api/bad-request' }),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().openapi({ description: 'What happened, the likely cause, and what to do next.' }),
  code: z.string().openapi({ description: 'Of the error dictionary; it does not change.' }),
  retry: z.enum(['never', 'backoff', 'pause']),
})

/**
 * A view that holds free JSON, as an answer's body: Hono's own type of JSON knows neither `readonly` nor optional fields.
 * The API's test holds the answers against the document instead.
 */
export const asBody = (view: object): never => view as never
