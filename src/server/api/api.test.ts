import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../../core/clock.ts'
import { mainTenant, mintId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import { mostMailBytes } from '../../intake/mail-event.ts'
import { testServer, type TestServer } from '../testing.ts'
import { problemResponse } from './problem.ts'

let server: TestServer
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())

const problem = z.strictObject({
  type: z.string().startsWith('urn:millrace:error:'),
  title: z.string().min(1),
  status: z.number(),
  detail: z.string().min(1),
  code: z.string(),
  retry: z.enum(['never', 'backoff', 'pause']),
})
/** A failure as a client reads it: a problem document, or the test fails. */
async function problemOf(answer: Response): Promise<{ status: number; code: string; detail: string }> {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const read = problem.parse(await answer.json())
  expect(read.status).toBe(answer.status)
  return { status: read.status, code: read.code, detail: read.detail }
}
const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const someRun = (): string => mintId('run', systemClock.today(), systemRandom)
const someItem = (): string => mintId('rev', systemClock.today(), systemRandom)

describe('who asks', () => {
  const paths = ['/api/v1/runs', '/api/v1/reviews', '/api/v1/steps', `/api/v1/runs/${someRun()}/lineage`]

  test.each(paths)('%s without a key answers nothing but api/no-key', async (path) => {
    const answer = await fetch(`${server.url}${path}`)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(await problemOf(answer)).toMatchObject({ status: 401, code: 'api/no-key' })
  })

  test.each(['Basic abc', 'Bearer', `Bearer ${'x'.repeat(300)}`])('%s is no key', async (authorization) => {
    const answer = await fetch(`${server.url}/api/v1/runs`, { headers: { authorization } })
    expect(await problemOf(answer)).toMatchObject({ status: 401, code: 'api/no-key' })
  })

  test('a mistyped, an unknown and a revoked key answer alike', async () => {
    const { keys, owner } = server.planes
    const made = { tenant: mainTenant, person: owner.id, actor: undefined }
    const { key, secret } = await keys.create({ ...made, name: 'ci' })
    const withKey = (key: string) => fetch(`${server.url}/api/v1/runs`, { headers: { authorization: `Bearer ${key}` } })
    expect((await withKey(secret)).status).toBe(200)
    await keys.revoke({ tenant: mainTenant, key: key.id, actor: undefined })
    for (const wrong of [secret, `${server.key.slice(0, -1)}_`, `mr_${'A'.repeat(47)}`, 'x'])
      expect(await problemOf(await withKey(wrong))).toMatchObject({ status: 401, code: 'api/wrong-key' })
  })

  test('a decision is made by the person behind the key, whoever the body names', async () => {
    const { keys, people, reviews, owner } = server.planes
    const run = await server.mail('refund please')
    const item = run.waitsFor?.kind === 'person' ? run.waitsFor.item : ''
    const other = await people.add({ tenant: mainTenant, name: 'Grace', actor: undefined })
    const { secret } = await keys.create({ tenant: mainTenant, person: other.id, name: 'laptop', actor: undefined })
    const ask = async (path: string, body: object): Promise<unknown> => {
      const init = json({ ...body, person: owner.id })
      const answer = await fetch(`${server.url}/api/v1/reviews/${item}/${path}`, {
        ...init,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
      })
      expect(answer.status).toBe(200)
      return answer.json()
    }
    const { claim } = z.object({ claim: z.number() }).parse(await ask('claim', {}))
    const shown = await reviews.show({ tenant: mainTenant, item: item as typeof shown.id, person: owner.id })
    await ask('decide', { claim, verdict: 'approve', shownDigest: shown.shownDigest })
    const after = await reviews.show({ tenant: mainTenant, item: shown.id })
    expect(after.decisions.map((made) => made.person)).toEqual([other.id])
    const ended = await server.until(run.run, ({ status }) => status === 'succeeded')
    expect(ended.because).toContain(`${other.id} decided: approve`)
  })
})

describe('requests that cannot be used', () => {
  test.each([
    ['/api/v1/run', 404, 'api/no-such-path'],
    ['/', 404, 'api/no-such-path'],
    ['/api/v1/runs/../../etc', 404, 'api/no-such-path'],
    ['/api/v1/runs?limit=abc', 400, 'api/bad-request'],
    ['/api/v1/runs?limit=0', 400, 'api/bad-request'],
    ['/api/v1/runs?limit=1.5', 400, 'api/bad-request'],
    ['/api/v1/runs?limit=1&limit=2', 400, 'api/bad-request'],
    ['/api/v1/runs?status=done', 400, 'api/bad-request'],
    ['/api/v1/runs?after=run_1', 400, 'api/bad-request'],
    ['/api/v1/runs?pipeline=a%00b', 400, 'api/bad-request'],
    ['/api/v1/reviews?queue=%00', 400, 'api/bad-request'],
    ['/api/v1/reviews?cursor=%00', 400, 'api/bad-request'],
    ['/api/v1/reviews?cursor=nonsense', 422, 'review/bad-cursor'],
    ['/api/v1/runs/run_1', 404, 'governance/no-such-run'],
    [`/api/v1/runs/${someRun()}`, 404, 'governance/no-such-run'],
    [`/api/v1/runs/${someRun()}/lineage`, 404, 'governance/no-such-run'],
    ['/api/v1/runs/%00', 404, 'governance/no-such-run'],
    ['/api/v1/runs/%E0%A4%A', 404, 'governance/no-such-run'],
    [`/api/v1/reviews/${someItem()}`, 404, 'review/no-such-item'],
  ])('GET %s is refused with %i', async (path, status, code) => {
    expect(await problemOf(await server.ask(path))).toMatchObject({ status, code })
  })

  const decide = `/api/v1/reviews/${someItem()}/decide`
  test.each([
    ['malformed JSON', decide, json('{"claim": 1,')],
    ['no JSON at all', decide, json('')],
    ['JSON that is no object', decide, json('[1]')],
    ['a wrong type of a field', decide, json({ claim: '1', verdict: 'approve', shownDigest: 'd' })],
    ['a verdict that there is not', decide, json({ claim: 1, verdict: 'maybe', shownDigest: 'd' })],
    ['a time beyond calendars', '/api/v1/keys', json({ person: 'per_0', name: 'ci', expires: 9e15 })],
    ['a number beyond integers', decide, json({ claim: 2 ** 40, verdict: 'approve', shownDigest: 'd' })],
    ['a NUL in a name', '/api/v1/reviews/claim-next', json({ queue: '\0' })],
    ['no runs', '/api/v1/runs/outcomes', json({ runs: [] })],
    [
      'a body that is nested too deeply',
      decide,
      json(`{"value":${'['.repeat(200_000)}${']'.repeat(200_000)},"claim":1,"verdict":"answer","shownDigest":"d"}`),
    ],
  ])('%s is refused with 400', async (_what, path, init) => {
    const { headers, ...rest } = init
    const answer = await server.ask(path, { ...rest, headers: headers as Record<string, string> })
    expect(await problemOf(answer)).toMatchObject({ status: 400, code: 'api/bad-request' })
  })

  test.each([
    ['JSON under another type', '/api/v1/reviews/claim-next', { method: 'POST', body: '{"lease":1}' }],
    ['a form', decide, { method: 'POST', body: new URLSearchParams({ claim: '1' }) }],
    ['mail as JSON', '/api/v1/mail?pipeline=desk', json({})],
  ])('%s is refused with 415', async (_what, path, init) => {
    expect(await problemOf(await server.ask(path, init))).toMatchObject({ status: 415, code: 'api/wrong-type' })
  })

  test.each([
    ['PUT', '/api/v1/runs', 'GET'],
    ['POST', `/api/v1/runs/${someRun()}`, 'GET'],
    ['GET', '/api/v1/reviews/claim-next/', undefined],
    ['DELETE', '/api/v1/people', 'GET, POST'],
    ['PATCH', '/api/v1/health/live', 'GET'],
  ])('%s of %s is told which methods there are', async (method, path, allowed) => {
    const answer = await server.ask(path, { method })
    expect(answer.headers.get('allow') ?? undefined).toBe(allowed)
    expect((await problemOf(answer)).code).toBe(allowed === undefined ? 'api/no-such-path' : 'api/no-such-method')
  })

  test('mail without a pipeline, or for an unknown one is refused', async () => {
    const headers = { 'content-type': 'message/rfc822' }
    const post = (path: string) => server.ask(path, { method: 'POST', headers, body: 'From: a@example.com\r\n\r\nHi' })
    expect(await problemOf(await post('/api/v1/mail'))).toMatchObject({ status: 400 })
    expect(await problemOf(await post('/api/v1/mail?pipeline=desk&source=%00'))).toMatchObject({
      status: 400,
    })
    expect((await problemOf(await post('/api/v1/mail?pipeline=none'))).code).toBe('intake/unknown-pipeline')
  })

  test('a body past its limit is refused with 413, said or streamed', async () => {
    const large = 'x'.repeat(1024 * 1024 + 1)
    expect(await problemOf(await server.ask(decide, json(`"${large}"`)))).toMatchObject({
      status: 413,
      code: 'api/too-large',
    })
    const body = new Blob([large]).stream()
    const streamed = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' as const }
    expect(await problemOf(await server.ask(decide, streamed))).toMatchObject({ status: 413, code: 'api/too-large' })
    const mail = {
      method: 'POST',
      headers: { 'content-type': 'message/rfc822' },
      body: new Uint8Array(mostMailBytes + 1),
    }
    expect(await problemOf(await server.ask('/api/v1/mail?pipeline=desk', mail))).toMatchObject({ status: 413 })
  })

  test('nothing of all this was taken for a failure of the server', () => expect(server.incidents).toEqual([]))
})

test('a failure that nobody foresaw is an incident: neither its words nor its stack reach the caller', async () => {
  const logged: unknown[] = []
  const options = { clock: systemClock, random: systemRandom, log: (...told: unknown[]) => logged.push(...told) }
  const answer = await problemOf(problemResponse(new Error('secret of row 7'), options))
  expect(answer).toMatchObject({ status: 500, code: 'api/failed' })
  expect(answer.detail).not.toMatch(/secret|at .*\.ts/)
  expect(answer.detail).toContain(String(logged[0]))
  expect(logged[1]).toBeInstanceOf(Error)
})

test('HEAD answers as GET without a body, OPTIONS grants nothing to another origin', async () => {
  const head = await server.ask('/api/v1/runs', { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  const options = await fetch(`${server.url}/api/v1/runs`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example' },
  })
  expect(options.status).toBe(401)
  expect(options.headers.get('access-control-allow-origin')).toBeNull()
})

test('no answer may be kept or guessed at by a browser', async () => {
  for (const path of ['/api/v1/health/live', '/api/v1/runs', '/api/v1/none']) {
    const { headers } = await server.ask(path)
    expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff'])
  }
})
