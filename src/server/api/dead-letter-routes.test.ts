import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { testServer, type TestServer } from '../testing.ts'
import { letterView, replayed } from './dead-letter-routes.ts'

let server: TestServer
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())

const list = async (): Promise<readonly z.infer<typeof letterView>[]> =>
  z.object({ letters: z.array(letterView) }).parse(await (await server.ask('/api/v1/dead-letters')).json()).letters
const replay = async (letters: readonly string[], dryRun: boolean): Promise<readonly z.infer<typeof replayed>[]> => {
  const answer = await server.ask('/api/v1/dead-letters/replay', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ letters, dryRun }),
  })
  return z.object({ letters: z.array(replayed) }).parse(await answer.json()).letters
}

test('a dry run says what would become of each letter and changes nothing; one that fails stops no other', async () => {
  const refused = await server.ask('/api/v1/mail?pipeline=desk', { method: 'POST', body: '' })
  expect(refused.ok).toBe(false)
  const [letter] = await list()
  const ids = [letter?.id ?? '', 'evt_none']
  for (const dryRun of [true, true])
    // twice the same: nothing has changed
    expect((await replay(ids, dryRun)).map(({ problem }) => problem?.code)).toEqual([
      'intake/unreadable',
      'intake/no-such-letter',
    ])
  expect(await list()).toHaveLength(1)
  expect((await replay(ids, false)).map(({ run }) => run)).toEqual([undefined, undefined])
})
