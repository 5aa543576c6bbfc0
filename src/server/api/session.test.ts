import { argon2Sync } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../../core/clock.ts'
import { mainTenant } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import { AuditLog } from '../../governance/audit-log.ts'
import { type Derive, Passwords } from '../../governance/passwords.ts'
import { Sessions } from '../../governance/sessions.ts'
import { SignInThrottle } from '../../governance/sign-in-throttle.ts'
import type { PersonId } from '../../core/ids.ts'
import { testServer, type TestServer } from '../testing.ts'

let server: TestServer
let person: PersonId
let email: string
let people = 0
const password = 'a long enough one'
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())
beforeEach(async () => {
  email = `ada${++people}@example.com` // a name of its own: tries are counted by name
  person = (await server.planes.people.add({ tenant: mainTenant, name: 'Ada', email, actor: undefined })).id
})

const view = z.object({ person: z.object({ id: z.string() }), csrf: z.string() })
const codeOf = async (answer: Response): Promise<string> =>
  z.object({ code: z.string() }).parse(await answer.json()).code

interface Held {
  readonly cookie: string
  readonly csrf: string
}
const send = (method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Response> =>
  fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
const heldOf = async (answer: Response): Promise<Held> => {
  expect(answer.status).toBe(201)
  const { csrf } = view.parse(await answer.json())
  return { csrf, cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
}
const code = (): Promise<string> => server.planes.sessions.makeCode({ tenant: mainTenant, person, actor: undefined })
const exchange = async (text: string): Promise<Response> =>
  send('POST', '/codes/exchange', {}, { code: text, password })
const begin = async (): Promise<Held> => heldOf(await exchange(await code()))
const signIn = (headers: Record<string, string> = {}, typed = password): Promise<Response> =>
  send('POST', '/session', headers, { email: email.toUpperCase(), password: typed })

test('a code becomes a session, once, and the password signs in from then on', async () => {
  const one = await code()
  const both = await Promise.all([exchange(one), exchange(one)])
  expect(both.map(({ status }) => String(status)).toSorted()).toEqual(['201', '401'])
  const answer = await signIn()
  expect(answer.headers.getSetCookie()[0]).toMatch(/^millrace-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const { cookie } = await heldOf(answer)
  expect(view.parse(await (await send('GET', '/session', { cookie })).json()).person.id).toBe(person)
})

test('a code is void after its time, and when another is made; one that is spelt wrongly opens nothing', async () => {
  const first = await code()
  const second = await code()
  await server.database.pool.query(`update person_code set expires = clock_timestamp() where person = $1`, [person])
  for (const one of [first, second, 'none']) expect(await codeOf(await exchange(one))).toBe('governance/code-invalid')
})

test('another site uses no session: neither to read nor to change, nor to sign somebody in', async () => {
  const { cookie, csrf } = await begin()
  const elsewhere = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ]
  for (const from of elsewhere) {
    expect(await codeOf(await send('GET', '/session', { cookie, ...from }))).toBe('api/other-site')
    expect(await codeOf(await send('DELETE', '/session', { cookie, 'millrace-csrf': csrf, ...from }))).toBe(
      'api/other-site',
    )
    expect(await codeOf(await signIn(from))).toBe('api/other-site')
  }
  expect(await codeOf(await send('DELETE', '/session', { cookie }))).toBe('api/other-site')
  expect(await codeOf(await send('DELETE', '/session', { cookie, 'millrace-csrf': 'x' }))).toBe('api/other-site')
  expect((await send('GET', '/session', { cookie })).status).toBe(200)
})

test('a name that somebody points here is not answered', async () => {
  const { cookie } = await begin()
  const under = (host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const sent = request(`${server.url}/api/v1/session`, { headers: { host, cookie } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      sent.on('error', reject).end() // fetch sets no Host
    })
  expect(await under('evil.example')).not.toBe(200)
  expect(await under('127.0.0.1.evil.example')).not.toBe(200)
  expect(await under('localhost:1')).toBe(200)
})

test('over HTTPS the cookie is __Host- and Secure', async () => {
  await begin()
  const { host } = new URL(server.url)
  const [cookie] = (await signIn({ origin: `https://${host}` })).headers.getSetCookie()
  expect(cookie).toMatch(/^__Host-millrace=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
})

test('signing in gives another token, and the one before it opens nothing (fixation)', async () => {
  const before = await begin()
  const after = await heldOf(await signIn({ cookie: before.cookie }))
  expect(after.cookie).not.toBe(before.cookie)
  expect((await send('GET', '/session', { cookie: before.cookie })).status).toBe(401)
  const planted = 'millrace-session=planted'
  expect((await heldOf(await signIn({ cookie: planted }))).cookie).not.toBe(planted)
})

test.each(['idle_until', 'expires'])('a session is over when %s is reached', async (column) => {
  const { cookie } = await begin()
  await server.database.pool.query(`update person_session set ${column} = clock_timestamp() where person = $1`, [
    person,
  ])
  expect(await codeOf(await send('GET', '/runs', { cookie }))).toBe('api/no-key')
})

test('one ends own sessions, and nobody else’s', async () => {
  const [mine, other] = [await begin(), await heldOf(await signIn())]
  const list = z.object({ sessions: z.array(z.object({ id: z.string(), isThis: z.boolean() })) })
  const { sessions } = list.parse(await (await send('GET', '/sessions', { cookie: mine.cookie })).json())
  expect(sessions).toHaveLength(2)
  const id = sessions.find((one) => !one.isThis)?.id ?? ''
  expect((await server.ask(`/api/v1/sessions/${id}`, { method: 'DELETE' })).status).toBe(404) // the owner's key
  const headers = { cookie: mine.cookie, 'millrace-csrf': mine.csrf }
  expect((await send('DELETE', `/sessions/${id}`, headers)).status).toBe(204)
  expect((await send('GET', '/session', { cookie: other.cookie })).status).toBe(401)
  expect((await send('DELETE', '/session', headers)).status).toBe(204)
  expect((await send('GET', '/session', { cookie: mine.cookie })).status).toBe(401)
})

test('the database holds neither tokens nor codes', async () => {
  const { cookie } = await begin()
  const one = await code()
  const { rows } = await server.database.pool.query(
    'select s::text || c::text as row from person_session s, person_code c',
  )
  expect(JSON.stringify(rows)).not.toContain(cookie.split('=')[1])
  expect(JSON.stringify(rows)).not.toContain(one)
})

test('an unknown name costs the hash that a wrong password costs, and is refused before it after five tries', async () => {
  await begin()
  let hashed = 0
  const derive: Derive = async (message, nonce) => {
    hashed++
    return argon2Sync('argon2id', { message, nonce, tagLength: 32, memory: 8, passes: 1, parallelism: 1 })
  }
  const common = { random: systemRandom, clock: systemClock }
  const sessions = new Sessions({
    pool: server.database.pool,
    audit: new AuditLog(common),
    random: systemRandom,
    passwords: new Passwords({ random: systemRandom, derive }),
    throttle: new SignInThrottle(systemClock),
  })
  for (const name of [email, 'nobody@example.com']) {
    const q = { tenant: mainTenant, email: name, password: 'wrong', address: '::1', agent: '' }
    const codes: unknown[] = []
    for (let n = 0; n < 6; n++) codes.push(await sessions.signIn(q).catch((error: { code: string }) => error.code))
    expect(codes).toEqual([
      ...Array.from({ length: 5 }, () => 'governance/sign-in-failed'),
      'governance/too-many-tries',
    ])
    expect(hashed).toBe(5)
    hashed = 0
  }
})
