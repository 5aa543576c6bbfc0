import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type CallId, mainTenant, type RunId, type TenantId } from '../../core/ids.ts'
import { type TestDatabase, testDatabase } from '../../store/testing.ts'
import { dataEvents } from '../dialects/testing.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { CacheCounts } from './cache-counts.ts'
import { type Asked, answerOf, completion, openCache, questionOf, TestKeys } from './testing.ts'

let database: TestDatabase
let cache: AnswerCache
let counts: CacheCounts
let keys: TestKeys
beforeAll(async () => void (database = await testDatabase()))
beforeEach(async () => {
  await database.ownerPool.query('truncate answer_cache, cache_day')
  keys = new TestKeys(database.pool)
  ;({ cache, counts } = openCache(database.pool, { keys }))
})
afterAll(() => database.drop())

const hello = completion('Hello.')

test('the same question is answered from here, byte for byte, whatever its spelling and whoever its end user', async () => {
  const asked = questionOf('Hi', { body: { temperature: 0.7, user: 'anna', metadata: { ticket: '1' } } })
  expect(await cache.find(asked)).toBeUndefined()
  const answer = answerOf(hello)
  expect(await cache.keep(asked, answer)).toBe('kept')
  const again = questionOf('', {
    raw: '{ "metadata":{"ticket":"2"}, "temperature":0.7,\n "messages":[{"content":"Hi","role":"user"}],"model":"chat"}',
  })
  for (const round of ['from the database', 'from memory'])
    expect([round, await cache.find(again)]).toEqual([
      round,
      {
        kind: 'exact',
        from: answer.call,
        model: 'a1',
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(hello),
        saved: { nano: 70n, currency: 'USD' },
      },
    ])
})

test('what was lost on the way to another dialect is named to whoever is answered from here, too', async () => {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'millrace-dropped': 'top_k',
    'x-request-id': 'r1',
  }
  await cache.keep(questionOf('Hi'), answerOf(hello, { headers }))
  expect((await cache.find(questionOf('Hi')))?.headers).toEqual({
    'content-type': 'application/json',
    'millrace-dropped': 'top_k',
  })
})

test('nobody gets the answer to another question, or of another’s right to see', async () => {
  const person = await keys.person()
  const base: Asked = { body: { temperature: 0 } }
  await cache.keep(questionOf('Hi', base), answerOf(hello))
  const others: Readonly<Record<string, Asked>> = {
    tenant: { tenant: 'other' as TenantId },
    route: { route: 'desk' },
    'route version': { cache: { exact: '2h' } },
    arm: { target: 'b2' },
    scope: { sees: { scope: 'key_1' } },
    'data class': { sees: { dataClass: 'public' } },
    person: { sees: { subject: person } },
    alias: { body: { model: 'gpt-4o', temperature: 0 } },
    sampling: { body: { temperature: 0.1 } },
    seed: { body: { temperature: 0, seed: 1 } },
    cap: { body: { temperature: 0, max_tokens: 5 } },
    format: { body: { temperature: 0, response_format: { type: 'json_object' } } },
    tools: { body: { temperature: 0, tools: [{ type: 'function', function: { name: 'f' } }] } },
    stream: { body: { temperature: 0, stream: true } },
    switches: { headers: { 'openai-beta': 'assistants=v2' } },
    'unknown field': { body: { temperature: 0, reasoning_effort: 'high' } },
  }
  for (const [what, over] of Object.entries(others))
    expect([what, await cache.find(questionOf('Hi', { ...base, ...over }))]).toEqual([what, undefined])
  expect(await cache.find(questionOf('Hi ', base))).toBeUndefined()
  expect(await cache.find(questionOf('Hi', base))).toBeDefined()
})

test('a stream is replayed as it passed, and one that was cut or failed inside is not kept', async () => {
  const asked = questionOf('Hi', { body: { stream: true } })
  const chunk = (delta: object, finish: string | null = null) => ({
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  const whole = dataEvents(chunk({ content: 'Hel' }), chunk({ content: 'lo' }), chunk({}, 'stop'))
  expect(await cache.keep(asked, answerOf(whole.slice(0, -14)))).toBe('cut')
  expect(await cache.keep(asked, answerOf(dataEvents(chunk({ content: 'H' }), { error: { message: 'x' } })))).toBe(
    'error-inside',
  )
  expect(await cache.keep(asked, answerOf(whole, { headers: { 'content-type': 'application/json' } }))).toBe(
    'unreadable',
  )
  expect(await cache.find(asked)).toBeUndefined()
  await cache.keep(asked, answerOf(whole))
  expect((await cache.find(asked))?.body.toString()).toBe(whole)
  expect((await cache.find(asked))?.headers).toEqual({ 'content-type': 'text/event-stream' })
})

test('an error inside a 200, and whatever else is no whole answer, is never kept', async () => {
  const schema = { type: 'object', required: ['a'], properties: { a: { type: 'number' } } }
  const format = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }
  const called = {
    finish_reason: 'tool_calls',
    message: { content: null, tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
  }
  const offered = { tools: [{ type: 'function', function: { name: 'f' } }] }
  const cases: readonly (readonly [string, object, ReturnType<typeof answerOf>])[] = [
    ['error-inside', {}, answerOf('{"error":{"message":"overloaded"}}')],
    ['error-inside', {}, answerOf('{"hello":1}')],
    ['unreadable', {}, answerOf('{"choices":[')],
    ['unreadable', {}, answerOf(hello, { headers: { 'content-type': 'text/html' } })],
    ['unreadable', {}, answerOf(completion(''))],
    ['status', {}, answerOf(hello, { status: 500 })],
    ['status', {}, answerOf(hello, { status: 206 })],
    ['fallback', {}, answerOf(hello, { by: { version: 'b2', reason: 'fallback' } })],
    ['cut', {}, answerOf(completion('Hel', { finish_reason: 'length' }))],
    ['cut', {}, answerOf(completion('Hel', { finish_reason: 'content_filter' }))],
    ['refusal', {}, answerOf(completion('', { message: { content: null, refusal: 'no' } }))],
    ['schema', format, answerOf(completion('{"a":"b"}'))],
    ['schema', { response_format: { type: 'json_object' } }, answerOf(hello)],
    ['calls-by-chance', offered, answerOf(completion('', called))],
    ['too-large', {}, answerOf(completion('x'.repeat(1024 * 1024)))],
    ['sources', {}, answerOf(hello, { sources: Array.from({ length: 65 }, String) })],
    ['kept', format, answerOf(completion('{"a":1}'))],
    ['kept', { ...offered, temperature: 0 }, answerOf(completion('', called))],
  ]
  for (const [i, [expected, body, answer]] of cases.entries()) {
    const asked = questionOf(`question ${i}`, { body: { ...body } })
    expect([i, await cache.keep(asked, answer)]).toEqual([i, expected])
    expect([i, (await cache.find(asked)) !== undefined]).toEqual([i, expected === 'kept'])
  }
})

test.each([
  [
    'anthropic-messages',
    { max_tokens: 9 },
    '{"type":"message","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn"}',
    '"max_tokens"',
  ],
  [
    'openai-responses',
    { messages: undefined, input: 'Hi', store: false },
    '{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}',
    '"incomplete"',
  ],
  ['openai-embeddings', { messages: undefined, input: 'Hi' }, '{"data":[{"embedding":[0.1]}]}', ''],
] as const)('answers of %s are kept as those of chat', async (dialect, body, answer, cut) => {
  const cached = { exact: '1h', semantic: { for: '1h', least: 0 } } as const
  const asked = (): ReturnType<typeof questionOf> => questionOf('Hi', { dialect, body, cache: cached })
  expect(await cache.find(asked())).toBeUndefined()
  if (cut !== '') {
    const half = answer.replace('"end_turn"', '"max_tokens"').replace('"completed"', cut)
    expect(await cache.keep(asked(), answerOf(half))).toBe('cut')
  }
  expect(await cache.keep(asked(), answerOf(answer))).toBe('kept')
  expect(await cache.find(asked())).toMatchObject({ kind: 'exact', body: Buffer.from(answer) })
})

test('what may mean something else to another reader, or depends on more than is said, is left alone', async () => {
  const message = '"messages":[{"role":"user","content":"Hi"}]'
  const cases: Readonly<Record<string, Asked>> = {
    'a key twice': { raw: `{"model":"chat",${message},"x":{"a":1,"a":2}}` },
    'a key twice, in disguise': { raw: `{"model":"chat",${message},"x":{"a":1,"\\u0061":2}}` },
    'a number beyond JavaScript': { raw: `{"model":"chat",${message},"seed":9007199254740993}` },
    'half a character': { raw: `{"model":"chat",${message},"x":"\\ud800"}` },
    'nested beyond measure': { raw: `{"model":"chat",${message},"x":${'['.repeat(500)}${']'.repeat(500)}}` },
    'too large': { body: { x: 'x'.repeat(300_000) } },
    'several answers': { body: { n: 2 } },
    'kept by the provider': { body: { store: true } },
    'searches the web': { body: { web_search_options: {} } },
    'no person known': { sees: { dataClass: 'personal' } },
    'no-store': { headers: { 'cache-control': 'private, no-store' } },
    'a response that its issuer keeps': { dialect: 'openai-responses', raw: '{"model":"chat","input":"Hi"}' },
  }
  for (const [what, over] of Object.entries(cases)) {
    const asked = questionOf('Hi', over)
    expect([what, await cache.find(asked)]).toEqual([what, undefined])
    expect([what, await cache.keep(asked, answerOf(hello))]).not.toEqual([what, 'kept'])
  }
  expect((await database.pool.query('select from answer_cache')).rowCount).toBe(0)
})

test('a client that wants a fresh answer gets none from here, and its answer is the next one’s', async () => {
  const fresh = (): ReturnType<typeof questionOf> => questionOf('Hi', { headers: { 'cache-control': 'no-cache' } })
  await cache.keep(questionOf('Hi'), answerOf(hello))
  const asked = fresh()
  expect(await cache.find(asked)).toBeUndefined()
  await cache.keep(asked, answerOf(completion('New.')))
  expect((await cache.find(questionOf('Hi')))?.body.toString()).toContain('New.')
})

test('a route that says nothing keeps nothing', async () => {
  const asked = {
    ...questionOf('Hi'),
    route: { ...questionOf('Hi').route, policy: { ...questionOf('Hi').route.policy, cache: undefined } },
  }
  expect(await cache.keep(asked, answerOf(hello))).toBe('off')
  expect(await cache.find(asked)).toBeUndefined()
  expect(counts.snapshot()).toEqual([])
})

test('a person’s answer is sealed at rest, in no memory, and gone with them', async () => {
  const person = await keys.person()
  const asked = (): ReturnType<typeof questionOf> =>
    questionOf('Hi', { sees: { dataClass: 'personal', subject: person } })
  await cache.keep(asked(), answerOf(hello))
  const { rows } = await database.pool.query<{ body: Buffer }>('select body from answer_cache')
  expect(rows[0]?.body.includes('Hello')).toBe(false)
  expect((await cache.find(asked()))?.body.toString()).toBe(hello)
  await database.pool.query('update subject_key set wrapped = null where id = $1', [person.key])
  expect(await cache.find(asked())).toBeUndefined()
  expect(await cache.evict({ tenant: mainTenant, subject: person.id })).toBe(1)
  expect((await database.pool.query('select from answer_cache')).rowCount).toBe(0)
})

test('what one process evicts no other serves, though it has it in memory', async () => {
  const other = openCache(database.pool).cache
  const ways = {
    call: (call: CallId) => ({ tenant: mainTenant, route: 'chat', call }),
    sources: () => ({ tenant: mainTenant, sources: ['faq/returns@2', 'faq/returns@1'] }),
    version: () => ({ tenant: mainTenant, version: 'a1' }),
    route: () => ({ tenant: mainTenant, route: 'chat' }),
  }
  for (const [way, by] of Object.entries(ways)) {
    const answer = answerOf(hello, { sources: ['faq/returns@1', 'faq/fees@1'] })
    await cache.keep(questionOf('Hi'), answer)
    expect(await other.find(questionOf('Hi'))).toBeDefined()
    expect([way, await cache.evict({ ...by(answer.call), tenant: 'other' as TenantId })]).toEqual([way, 0])
    expect([way, await cache.evict(by(answer.call))]).toEqual([way, 1])
    expect([way, await other.find(questionOf('Hi'))]).toEqual([way, undefined])
  }
})

test('who rejects what a run proposed takes out its calls’ answers, and those that stood for them, and no other', async () => {
  const run = 'run_1' as RunId // an id as good as any here
  const [own, lent, other] = [answerOf(hello), answerOf(hello), answerOf(hello)]
  for (const [text, answer] of Object.entries({ own, lent, other })) await cache.keep(questionOf(text), answer)
  const hit = answerOf(hello).call
  const record = (id: CallId, outcome: object) =>
    database.pool.query(
      `insert into model_call (t, month, route, id, version, body, outcome) values ('main', id_month($1), 'chat', $1, 'v', '{}', $2)`,
      [id, outcome],
    )
  await record(own.call, { run })
  await record(hit, { run, cache: { kind: 'exact', from: lent.call } })
  await record(other.call, { run: 'run_2' })
  expect(await cache.evict({ tenant: 'other' as TenantId, run })).toBe(0)
  expect(await cache.evict({ tenant: mainTenant, run })).toBe(2)
  expect(await cache.find(questionOf('other'))).toBeDefined()
  await cache.keep(questionOf('lent'), lent)
  expect(await cache.evict({ tenant: mainTenant, route: 'desk', call: hit })).toBe(0)
  expect(await cache.evict({ tenant: mainTenant, route: 'chat', call: hit })).toBe(1)
})

test('answers end by the database’s clock, and are deleted then; beyond the limit the oldest go first', async () => {
  await cache.keep(questionOf('Hi'), answerOf(hello))
  expect(await cache.find(questionOf('Hi'))).toBeDefined()
  await database.pool.query(`update answer_cache set exact_until = clock_timestamp() - interval '1 ms'`)
  expect(await cache.find(questionOf('Hi'))).toBeUndefined()
  expect(await cache.purge()).toBe(1)
  const { cache: small } = openCache(database.pool, { mostStored: 5000 })
  for (const n of [1, 2, 3]) await small.keep(questionOf(`${n}`), answerOf(completion('x'.repeat(1500))))
  expect(await small.purge()).toBe(1)
  expect(await small.find(questionOf('1'))).toBeUndefined()
  expect(await small.find(questionOf('3'))).toBeDefined()
})

test('many look-ups and writes at once, of one question too, each get their own', async () => {
  const texts = Array.from({ length: 60 }, (_, n) => `q${n % 40}`)
  await Promise.all(texts.map((text) => cache.keep(questionOf(text), answerOf(completion(text)))))
  const found = await Promise.all(texts.map((text) => cache.find(questionOf(text))))
  expect(found.map((hit) => hit?.body.toString())).toEqual(texts.map((text) => completion(text)))
})

test('a database that fails is a miss and a word to the log, and no call fails by it', async () => {
  const warned: unknown[] = []
  const broken = { query: () => Promise.reject(new Error('gone')) }
  // Only `query` is asked of it.
  const { cache: blind, counts: counted } = openCache(broken as never, { warn: (error) => warned.push(error) })
  expect(await blind.find(questionOf('Hi'))).toBeUndefined()
  expect(await blind.keep(questionOf('Hi'), answerOf(hello))).toBe('failed')
  expect(warned).toHaveLength(2)
  expect(counted.snapshot().map(({ measure }) => measure)).toEqual(['passed:failed', 'unkept:failed'])
})
