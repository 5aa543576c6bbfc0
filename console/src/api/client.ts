import createClient, { type Middleware } from 'openapi-fetch'
import type { paths } from './generated/schema.d.ts'
import { problemOf } from './problem.ts'

/** Told when the server no longer knows who asks. */
type Ended = () => void
let sessionEnded: Ended = () => {}
/** Of the session: a changing request without it is refused. */
let csrf: string | undefined

export const onSessionEnded = (told: Ended): void => void (sessionEnded = told)
export const useToken = (token: string | undefined): void => void (csrf = token)

const middleware: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET' && csrf !== undefined) request.headers.set('millrace-csrf', csrf)
    return request
  },
  async onResponse({ response }) {
    if (response.ok) return
    const problem = await problemOf(response)
    if (problem.status === 401) sessionEnded()
    throw problem
  },
}

/** The API, typed by the server's own document. What is refused is thrown as a `Problem`. */
export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin' })
api.use(middleware)

/** The body of an answer. */
export async function bodyOf<T>(asked: Promise<{ data?: T }>): Promise<T> {
  const { data } = await asked
  if (data === undefined) throw new Error('The server answered with no content where some is due.')
  return data
}
