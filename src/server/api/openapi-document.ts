import { type Api, problemSchema } from './api.ts'

/** How a request can be refused. Here once for every route: the error dictionary is one, and so are its statuses. */
const refusals: Readonly<Record<number, string>> = {
  400: 'The request cannot be read.',
  401: 'There is no key, or it is not valid.',
  403: 'The person behind the key may not do this.',
  404: 'What the request names is not here.',
  405: 'The address takes another method.',
  409: 'It is not, or no longer, in a state for this.',
  410: 'Its content was erased.',
  413: 'The body is too large.',
  415: 'The body is of a type that this address does not take.',
  422: 'The request can be read, and does not fit.',
  500: 'It failed inside Millrace; `detail` names the incident.',
  503: 'Not now: the server starts or stops, or its database does not answer or is full.',
}
const always = ['500', '503']
/** Of a body, and of acting. */
const ofPosts = new Set(['409', '413'])

/** Where no key is needed nothing can be refused but for the server's own state. */
const statusesOf = (security: readonly object[] | undefined, isPost: boolean): readonly string[] =>
  security?.length === 0 ? always : Object.keys(refusals).filter((status) => isPost || !ofPosts.has(status))

/** The OpenAPI 3.1 document of the routes, each with every way in which it can be refused. */
export function openApiDocument(app: Api): object {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Millrace', version: '1', description: 'Errors are problem documents (RFC 9457) with a `code`.' },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
  })
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  for (const { delete: remove, get, post, put } of Object.values(document.paths ?? {}))
    for (const operation of [get, post, put, remove]) {
      if (!operation) continue
      const statuses = statusesOf(operation.security, operation === post || operation === put)
      const refused = statuses.map((status) => [status, { description: refusals[Number(status)], content }])
      operation.responses = { ...Object.fromEntries(refused), ...operation.responses }
    }
  return document
}

/** What stands in the document beside the routes. */
export function registerComponents({ openAPIRegistry }: Api): void {
  openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' })
  openAPIRegistry.register('Problem', problemSchema)
}
