import type { RouteConfig } from '@hono/zod-openapi'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { mainTenant } from '../../core/ids.ts'
import { testServer, type TestServer } from '../testing.ts'
import { problemSchema } from './api.ts'

let server: TestServer
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const post = { method: 'POST' }

/** Served, and no part of the API: the document itself, and text for Prometheus. */
const beside = new Set(['/api/v1/openapi.json', '/metrics'])

const method = z.enum(['get', 'post', 'put', 'patch', 'delete'])
const operation = z.object({
  parameters: z
    .array(z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']), schema: z.unknown() }))
    .optional(),
  requestBody: z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })) }).optional(),
  security: z.array(z.unknown()).optional(),
  responses: z.record(
    z.string().regex(/^[1-5]\d\d$/),
    z.object({ description: z.string().min(1), content: z.unknown().optional() }),
  ),
})
const document = z.object({
  openapi: z.literal('3.1.0'),
  info: z.object({ title: z.string(), version: z.string() }),
  paths: z.record(z.string().startsWith('/api/v1/'), z.partialRecord(method, operation)),
  components: z.object({
    schemas: z.record(z.string(), z.unknown()),
    securitySchemes: z.record(z.string(), z.unknown()),
  }),
})

test('the document is OpenAPI 3.1, lists every route with its parameters, and every reference in it resolves', async () => {
  const text = await (await fetch(`${server.url}/api/v1/openapi.json`)).text()
  const read = document.parse(JSON.parse(text))
  const listed = Object.entries(read.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((one) => `${one} ${path}`),
  )
  const served = server.app.routes
    .filter((route) => route.method !== 'ALL' && !beside.has(route.path) && !/^\/v[12](?:\/|$)/.test(route.path)) // described by OpenAI, Anthropic and the Open Inference Protocol
    .map((route) => `${route.method.toLowerCase()} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`)
  expect(new Set(listed)).toEqual(new Set(served))
  for (const [path, operations] of Object.entries(read.paths))
    for (const { parameters = [] } of Object.values(operations)) {
      const named = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => `{${parameter.name}}`)
      expect(named).toEqual([...path.matchAll(/\{\w+\}/g)].map(String))
    }
  for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
    expect(read.components.schemas).toHaveProperty(name)
})

test('the document is what every route answers: no field that it does not name', async () => {
  const run = await server.mail('refund this')
  const item = run.waitsFor?.kind === 'person' ? run.waitsFor.item : ''
  await server.mail('a question')
  await server.ask('/api/v1/mail?pipeline=desk', post) // nothing: a dead letter
  const { shownDigest } = await server.planes.reviews.show({ tenant: mainTenant, item: item as never }) // an item's id, from the server
  const routes = server.app.openAPIRegistry.definitions.flatMap((one) => (one.type === 'route' ? [one.route] : []))
  const requests: Readonly<Record<string, () => Promise<Response>>> = {
    'get /api/v1/health/live': () => server.ask('/api/v1/health/live'),
    'get /api/v1/health/ready': () => server.ask('/api/v1/health/ready'),
    'get /api/v1/runs': () => server.ask('/api/v1/runs?limit=1'),
    'get /api/v1/runs/{run}': () => server.ask(`/api/v1/runs/${run.run}`),
    'get /api/v1/runs/{run}/lineage': () => server.ask(`/api/v1/runs/${run.run}/lineage`),
    'post /api/v1/runs/outcomes': () => server.ask('/api/v1/runs/outcomes', json({ runs: [run.run], within: 1000 })),
    'get /api/v1/reviews': () => server.ask('/api/v1/reviews?mine=false&limit=1'),
    'get /api/v1/reviews/{item}': () => server.ask(`/api/v1/reviews/${item}`),
    'post /api/v1/reviews/{item}/claim': () => server.ask(`/api/v1/reviews/${item}/claim`, json({ lease: 60_000 })),
    'post /api/v1/reviews/{item}/release': () => server.ask(`/api/v1/reviews/${item}/release`, json({ claim: 1 })),
    'post /api/v1/reviews/claim-next': () => server.ask('/api/v1/reviews/claim-next', json({ queue: 'money' })),
    'post /api/v1/reviews/{item}/decide': () =>
      server.ask(`/api/v1/reviews/${item}/decide`, json({ claim: 2, verdict: 'approve', shownDigest, note: 'fine' })),
    'get /api/v1/inbox': () => server.ask('/api/v1/inbox?sort=due&limit=1'),
    'get /api/v1/inbox/{item}/draft': () => server.ask(`/api/v1/inbox/${item}/draft`),
    'put /api/v1/inbox/{item}/draft': () =>
      server.ask(`/api/v1/inbox/${item}/draft`, {
        ...json({ version: 0, content: { note: 'so far' } }),
        method: 'PUT',
      }),
    'get /api/v1/decisions/{decision}/shown': () => server.ask(`/api/v1/decisions/${item}.1/shown`),
    'post /api/v1/inbox/next': async () => {
      await server.mail('refund this', 'Another')
      return server.ask('/api/v1/inbox/next', json({}))
    },
    'post /api/v1/inbox/{item}/claim': async () => server.ask(`/api/v1/inbox/${(await inHand()).item}/claim`, post),
    'post /api/v1/inbox/undo': async () => {
      const { item: next, claim } = await inHand()
      const { shownDigest: digest } = await server.planes.reviews.show({ tenant: mainTenant, item: next as never }) // an item's id, from the server
      const decision = { claim, verdict: 'approve', shownDigest: digest, holdFor: 60_000 }
      await server.ask(`/api/v1/reviews/${next}/decide`, json(decision))
      return server.ask('/api/v1/inbox/undo', json({}))
    },
    'post /api/v1/inbox/{item}/snooze': async () => {
      const { item: next, claim } = await inHand()
      return server.ask(`/api/v1/inbox/${next}/snooze`, json({ claim, until: 0 }))
    },
    'post /api/v1/inbox/{item}/reassign': async () => {
      const { item: next, claim } = await inHand()
      return server.ask(`/api/v1/inbox/${next}/reassign`, json({ claim, queue: 'elsewhere' }))
    },
    'post /api/v1/runs/{run}/cancel': () => server.ask(`/api/v1/runs/${run.run}/cancel`, { method: 'POST' }),
    'post /api/v1/runs/{run}/resume': () => server.ask(`/api/v1/runs/${run.run}/resume`, { method: 'POST' }),
    'post /api/v1/runs/{run}/release': async () => {
      const held = await server.mail('a question', 'Held', { hold: true })
      return server.ask(`/api/v1/runs/${held.run}/release`, post)
    },
    'post /api/v1/runs/release': async () => {
      await server.mail('a question', 'Held', { hold: true })
      return server.ask('/api/v1/runs/release', json({ all: true }))
    },
    'post /api/v1/mail': () =>
      server.ask('/api/v1/mail?pipeline=desk', {
        method: 'POST',
        headers: { 'content-type': 'message/rfc822' },
        body: 'From: a@example.com\r\nSubject: x\r\n\r\nHi',
      }),
    'post /api/v1/events': () =>
      server.ask('/api/v1/events?pipeline=desk', {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({
          specversion: '1.0',
          id: '1',
          source: 'urn:test',
          type: 'message.received',
          data: { subject: 's', text: 't', customerId: 'c' },
        }),
      }),
    'get /api/v1/sessions': () => server.ask('/api/v1/sessions'),
    'post /api/v1/people/{person}/code': () => server.ask(`/api/v1/people/${server.planes.owner.id}/code`, post),
    'get /api/v1/people': () => server.ask('/api/v1/people'),
    'post /api/v1/people': () => server.ask('/api/v1/people', json({ name: 'Alan' })),
    'get /api/v1/keys': () => server.ask('/api/v1/keys'),
    'post /api/v1/keys': () => server.ask('/api/v1/keys', json({ person: server.planes.owner.id, name: 'ci' })),
    'post /api/v1/keys/{key}/revoke': async () => {
      const { key } = await server.planes.keys.create({
        tenant: mainTenant,
        person: server.planes.owner.id,
        name: 'short',
        actor: undefined,
      })
      return server.ask(`/api/v1/keys/${key.id}/revoke`, { method: 'POST' })
    },
    'get /api/v1/budgets': () => server.ask('/api/v1/budgets'),
    'put /api/v1/budgets/{budget}': () =>
      server.ask('/api/v1/budgets/shop', { ...json({ currency: 'USD', cap: '5', period: 'day' }), method: 'PUT' }),
    'get /api/v1/cost': () => server.ask('/api/v1/cost?by=model'),
    'get /api/v1/cost/alerts': () => server.ask('/api/v1/cost/alerts'),
    'get /api/v1/overview': () => server.ask('/api/v1/overview'),
    'post /api/v1/dead-letters/replay': () =>
      server.ask('/api/v1/dead-letters/replay', json({ letters: ['evt_none'], dryRun: true })),
    'get /api/v1/pipelines/{pipeline}/graph': () => server.ask('/api/v1/pipelines/desk/graph'),
    'get /api/v1/pipelines': () => server.ask('/api/v1/pipelines'),
    'post /api/v1/pipelines/{pipeline}/pause': () => server.ask('/api/v1/pipelines/desk/pause', post),
    'post /api/v1/pipelines/{pipeline}/resume': () => server.ask('/api/v1/pipelines/desk/resume', post),
    'get /api/v1/models': () => server.ask('/api/v1/models'),
    'get /api/v1/models/{model}': () => server.ask('/api/v1/models/small'),
    'get /api/v1/routes': () => server.ask('/api/v1/routes'),
    'get /api/v1/measures/latency': () => server.ask('/api/v1/measures/latency?by=model'),
    'get /api/v1/routes/{route}/arms': () => server.ask('/api/v1/routes/chat/arms'),
    'get /api/v1/calls': () => server.ask('/api/v1/calls?route=chat'),
    'get /api/v1/routes/{route}/cache': () => server.ask('/api/v1/routes/chat/cache?from=2026-01-01'),
    'delete /api/v1/routes/{route}/cache': () => server.ask('/api/v1/routes/chat/cache', { method: 'DELETE' }),
    'post /api/v1/routes/{route}/versions': () =>
      server.ask('/api/v1/routes/chat/versions', json({ declaration: { targets: ['small'], dropUnmapped: true } })),
    'post /api/v1/routes/{route}/plans': () => server.ask('/api/v1/routes/chat/plans', json({})),
    'get /api/v1/routes/{route}/plans/{plan}': async () => server.ask(`/api/v1/routes/chat/plans/${await plan()}`),
    'post /api/v1/routes/{route}/plans/{plan}/replay': async () =>
      server.ask(`/api/v1/routes/chat/plans/${await plan()}/replay`, post),
    'post /api/v1/routes/{route}/promote': async () => {
      const versions = z.object({ versions: z.array(z.object({ version: z.string() })) })
      const found = versions.parse(await (await server.ask('/api/v1/routes/chat')).json())
      return server.ask('/api/v1/routes/chat/promote', json({ version: found.versions[0]?.version }))
    },
    'get /api/v1/routes/{route}': () => server.ask('/api/v1/routes/chat'),
    'post /api/v1/routes/{route}/rollback': () => server.ask('/api/v1/routes/chat/rollback', post),
    'get /api/v1/dead-letters': () => server.ask('/api/v1/dead-letters'),
    'get /api/v1/dead-letters/{letter}': async () => {
      const list = z.object({ letters: z.array(z.object({ id: z.string() })) })
      const { letters } = list.parse(await (await server.ask('/api/v1/dead-letters')).json())
      return server.ask(`/api/v1/dead-letters/${letters[0]?.id}`)
    },
    'get /api/v1/effects': () => server.ask('/api/v1/effects'),
    'get /api/v1/steps': () => server.ask('/api/v1/steps'),
  }
  const inHand = async (): Promise<{ item: string; claim: number }> => {
    const next = z.object({ claim: z.object({ item: z.string(), claim: z.number() }) })
    return next.parse(await (await server.ask('/api/v1/inbox/next', post)).json()).claim
  }
  const plan = async (): Promise<string> => {
    const made = await (await server.ask('/api/v1/routes/chat/plans', json({}))).json()
    return z.object({ plan: z.string() }).parse(made).plan
  }
  // They need a letter that can be read by now, a restored backup, and a model that answers.
  const elsewhere = [
    // They need a cookie: the test of sessions asks them.
    'post /api/v1/session',
    'get /api/v1/session',
    'delete /api/v1/session',
    'delete /api/v1/sessions/{session}',
    'post /api/v1/codes/exchange',
    'post /api/v1/dead-letters/{letter}/replay',
    'post /api/v1/effects/release',
    'post /api/v1/routes/{route}/try',
    'post /api/v1/cost/reservations/{reservation}/corrections',
    'get /api/v1/calls/{call}',
  ]
  expect([...Object.keys(requests), ...elsewhere].toSorted()).toEqual(
    routes.map((one) => `${one.method} ${one.path}`).toSorted(),
  )
  for (const [name, send] of Object.entries(requests)) {
    const route = routes.find((one) => `${one.method} ${one.path}` === name)
    await expectAnswer(name, route, await send())
  }
})

test('what a route refuses it refuses as the document says, and health is documented as open', async () => {
  const { paths } = document.parse(await (await fetch(`${server.url}/api/v1/openapi.json`)).json())
  const refuse = async (status: number, route: string, init: RequestInit = {}, query = ''): Promise<void> => {
    const [verb = '', path = ''] = route.split(' ')
    const answer = await server.ask(path.replaceAll(/\{\w+\}/g, 'none') + query, {
      method: verb.toUpperCase(),
      ...init,
    })
    expect([route, answer.status]).toEqual([route, status])
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(problemSchema.parse(await answer.json()).status).toBe(status)
    const described = paths[path]?.[method.parse(verb)]?.responses[status]?.content
    expect(described).toEqual({ 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } })
  }
  const routes = Object.entries(paths).flatMap(([path, all]) => Object.keys(all).map((one) => `${one} ${path}`))
  for (const route of routes.filter((one) => !one.includes('/health/'))) {
    await refuse(401, route, { headers: { authorization: 'Bearer none' } })
    if (route.startsWith('post ')) await refuse(415, route, { body: 'x', headers: { 'content-type': 'text/plain' } })
    if (/\{(?:run|letter|pipeline)\}/.test(route)) await refuse(404, route)
  }
  await refuse(400, 'get /api/v1/runs', {}, '?limit=0')
  await refuse(409, 'post /api/v1/effects/release')
  await refuse(413, 'post /api/v1/people', json('x'.repeat(1024 * 1024)))
  await refuse(422, 'post /api/v1/people', json({ name: ' ' }))
  expect(paths['/api/v1/health/live']?.get).toMatchObject({ security: [] })
})

/** The answer fits the schema that the route declares for its status, and has no field beside it. */
async function expectAnswer(name: string, route: RouteConfig | undefined, answer: Response): Promise<void> {
  const declared = route?.responses[answer.status]
  expect(declared, `${name} answered ${answer.status}, which it does not declare`).toBeDefined()
  const text = await answer.text()
  const content = declared && 'content' in declared ? declared.content?.['application/json'] : undefined
  const schema = content && 'schema' in content ? content.schema : undefined
  if (!(schema instanceof z.ZodType)) return expect(text).toBe('')
  const body: unknown = JSON.parse(text)
  expect(schema.parse(body)).toEqual(body)
}
