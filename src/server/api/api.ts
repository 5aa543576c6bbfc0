import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Verified } from '../../governance/api-keys.ts'

/** What every handler knows: who asks. */
export interface ApiEnv {
  Variables: { principal: Verified }
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

/**
 * A view that holds free JSON, as an answer's body: Hono's own type of JSON knows neither `readonly` nor optional fields.
 * The API's test holds the answers against the document instead.
 */
export const asBody = (view: object): never => view as never
