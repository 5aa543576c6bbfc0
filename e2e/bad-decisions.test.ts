import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { mainTenant } from '../src/core/ids.ts'
import { testServer, type TestServer } from '../src/server/testing.ts'

// Decisions that must not count, over a real server: each is one clear error, and what runs in the end is what a person approved.

let server: TestServer
/** The key of a second person. */
let other: string
beforeAll(async () => {
  server = await testServer()
  const { keys, people } = server.planes
  const { id } = await people.add({ tenant: mainTenant, name: 'Grace', actor: undefined })
  other = (await keys.create({ tenant: mainTenant, person: id, name: 'laptop', actor: undefined })).secret
})
afterAll(() => server.stop())

interface Item {
  readonly run: string
  readonly item: string
  readonly claim: number
  readonly shownDigest: string
}
const send = (path: string, body: object, key = server.key): Promise<Response> =>
  fetch(`${server.url}/api/v1/reviews/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  })
/** An item that waits for an approval, claimed by the owner. */
async function claimed(): Promise<Item> {
  const { run, waitsFor } = await server.mail('refund please')
  const item = waitsFor?.kind === 'person' ? waitsFor.item : ''
  const shown = z.object({ shownDigest: z.string() }).parse(await (await server.ask(`/api/v1/reviews/${item}`)).json())
  const { claim } = z.object({ claim: z.number() }).parse(await (await send(`${item}/claim`, {})).json())
  return { run, item, claim, ...shown }
}
const approve = ({ item, claim, shownDigest }: Item, over: object = {}, key?: string): Promise<Response> =>
  send(`${item}/decide`, { claim, verdict: 'approve', shownDigest, ...over }, key)

const problem = z.object({ code: z.string(), status: z.number() })
async function expectRefused(answer: Response, status: number, code: string): Promise<void> {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(problem.parse(await answer.json())).toEqual({ status, code })
}
const decisions = async ({ item }: Item): Promise<unknown[]> => {
  const shown = await (await server.ask(`/api/v1/reviews/${item}`)).json()
  return z.object({ decisions: z.array(z.unknown()) }).parse(shown).decisions
}
/** Nothing holds the run up: an approval that counts came through. */
const ended = ({ run }: Item) => server.until(run, ({ status }) => status === 'succeeded')

test('sent twice, at once and later, it counts once; another one after it is refused', async () => {
  const item = await claimed()
  const answers = await Promise.all([approve(item), approve(item), approve(item)])
  const read = await Promise.all(answers.map((one) => one.json()))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  const repeats = z.array(z.object({ isRepeat: z.boolean() })).parse(read)
  expect(repeats.filter(({ isRepeat }) => !isRepeat)).toHaveLength(1)
  await ended(item)
  expect(await (await approve(item)).json()).toMatchObject({ isRepeat: true })
  await expectRefused(await approve(item, { verdict: 'reject', reason: 'wrong' }), 409, 'review/decided')
  await expectRefused(await approve(item, { value: { text: 'more' } }), 409, 'review/decided')
  await expectRefused(await approve(item, {}, other), 409, 'review/decided')
  expect(await decisions(item)).toHaveLength(1)
})

test('late: the item was closed, because its run was cancelled', async () => {
  const item = await claimed()
  expect((await server.ask(`/api/v1/runs/${item.run}/cancel`, { method: 'POST' })).status).toBe(200)
  await server.until(item.run, ({ status }) => status === 'cancelled')
  await expectRefused(await approve(item), 409, 'review/closed')
  await expectRefused(await send(`${item.item}/claim`, {}), 409, 'review/closed')
  expect(await decisions(item)).toEqual([])
})

test('by someone not allowed: without a claim, with that of another, on their own work, without a key', async () => {
  const item = await claimed()
  await expectRefused(await send(`${item.item}/claim`, {}, other), 409, 'review/claimed')
  await expectRefused(await approve(item, {}, other), 409, 'review/claim-lost')
  await expectRefused(await approve(item, { claim: item.claim + 1 }), 409, 'review/claim-lost')
  await expectRefused(await approve(item, {}, 'mr_none'), 401, 'api/wrong-key')
  const { owner } = server.planes
  await server.database.ownerPool.query('update work_item set author = $1 where id = $2', [owner.id, item.item])
  await expectRefused(await approve(item), 403, 'review/not-eligible')
  expect(await decisions(item)).toEqual([])
  await server.database.ownerPool.query('update work_item set author = null where id = $1', [item.item])
  expect((await approve(item)).status).toBe(200)
  await ended(item)
})

test('for arguments that have changed: another digest, another item’s, or a row that was changed by hand', async () => {
  const [item, second] = [await claimed(), await claimed()]
  await expectRefused(await approve(item, { shownDigest: '0'.repeat(64) }), 409, 'review/changed')
  await server.database.ownerPool.query('update work_item set action_digest = $1 where id = $2', [
    'f'.repeat(64),
    second.item,
  ])
  await expectRefused(await approve(second), 409, 'review/changed')
  expect([await decisions(item), await decisions(second)]).toEqual([[], []])
  expect((await approve(item)).status).toBe(200)
  await ended(item)
})

test('with what does not fit: a verdict of another kind, no reason, a value that the form refuses, a number beyond numbers', async () => {
  const item = await claimed()
  await expectRefused(await approve(item, { verdict: 'answer', value: { text: 'x' } }), 422, 'review/wrong-verdict')
  await expectRefused(await approve(item, { verdict: 'reject' }), 422, 'review/bad-reason')
  await expectRefused(await approve(item, { value: { text: '' } }), 422, 'review/bad-value')
  await expectRefused(await approve(item, { claim: 2 ** 40 }), 400, 'api/bad-request')
  expect((await approve(item)).status).toBe(200)
  await ended(item)
})

test('nothing of this was a failure of the server', () => expect(server.incidents).toEqual([]))
