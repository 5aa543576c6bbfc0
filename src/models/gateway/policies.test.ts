import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../providers/manual-clock.ts'
import { replayCall } from '../routes/replay-call.ts'
import { BudgetReplay } from '../routes/budget-replay.ts'
import { GatewayBed, textOf } from './testing.ts'

let bed: GatewayBed

beforeAll(async () => {
  bed = await GatewayBed.open()
})
beforeEach(() => bed.begin())
afterEach(() => bed.end())
afterAll(() => bed.database.drop())

const schema = {
  type: 'object',
  properties: { team: { type: 'string' } },
  required: ['team'],
  additionalProperties: false,
}
const structured = { response_format: { type: 'json_schema', json_schema: { name: 'team', schema, strict: true } } }

test.each([false, true])(
  'a client of OpenAI is answered by Anthropic in its own dialect, streamed: %s',
  async (stream) => {
    const over = await bed.over({ targets: ['claude'] })
    const answer = await bed.ask(over, { stream })
    expect(await textOf(answer)).toContain(stream ? '"object":"chat.completion.chunk"' : '"object":"chat.completion"')
    expect(bed.upstreams.claude.calls[0]?.path).toBe('/v1/messages')
    expect(await bed.booked()).toEqual({ team: '0/25' })
  },
)

test.each([false, true])(
  'a client of Anthropic is answered by OpenAI in its own dialect, streamed: %s',
  async (stream) => {
    const over = await bed.over({ targets: ['small'] })
    const text = await textOf(await bed.ask(over, { stream }, { dialect: 'anthropic-messages' }))
    expect(text).toContain(stream ? 'event: message_stop' : '"type":"message"')
    expect(await bed.booked()).toEqual({ team: '0/25' })
  },
)

test('a failure across dialects is told in the words of the client’s', async () => {
  const over = await bed.over({ targets: ['claude'] })
  bed.upstreams.claude.otherwise = { does: 'status', status: 400 }
  const answer = await bed.ask(over)
  expect(answer.status).toBe(400)
  expect(JSON.parse(await textOf(answer))).toMatchObject({ error: { message: expect.any(String) as string } })
  expect(await textOf(answer)).not.toContain('"type":"error"')
})

test('what only Anthropic can read never goes to OpenAI, though the route falls back to it', async () => {
  const over = await bed.over({ targets: ['claude'], fallback: ['small'] })
  bed.upstreams.claude.otherwise = { does: 'status', status: 501 }
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm.', signature: 'c2ln' }] },
    { role: 'user', content: 'Go on' },
  ]
  await expect(bed.ask(over, { messages }, { dialect: 'anthropic-messages' })).rejects.toMatchObject({
    code: 'model/refused-by-constraint',
  })
  expect(bed.upstreams.small.calls.length).toBe(0)
})

test('what only its issuer can read is refused where the route leads to two who may have issued it', async () => {
  const over = await bed.over({ targets: ['small'], fallback: ['large'] })
  const messages = [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }]
  await expect(bed.ask(over, { messages })).rejects.toMatchObject({ details: { constraint: 'issuer' } })
  expect(bed.upstreams.small.calls.length).toBe(0)
})

test('a cascade takes the cheap answer where it fits the schema, and asks the dear one where not; both are paid for', async () => {
  const cascade = { scorer: { by: 'schema' } as const, least: 1, then: ['large'] }
  const over = await bed.over({ targets: ['small'], cascade })
  bed.upstreams.small.otherwise = { does: 'answer', text: '{"team":"payments"}', usage: { input: 20, output: 5 } }
  expect((await bed.ask(over, structured)).by?.model).toBe('small')
  bed.upstreams.small.otherwise = { does: 'answer', text: 'payments, I think', usage: { input: 20, output: 5 } }
  bed.upstreams.large.otherwise = { does: 'answer', text: '{"team":"general"}', usage: { input: 20, output: 5 } }
  const answer = await bed.ask(over, { ...structured, stream: true })
  expect(await textOf(answer)).toContain('general')
  expect(answer.by?.model).toBe('large')
  expect(await bed.booked()).toEqual({ team: '0/75' })
  expect(bed.records.map(({ record }) => record.attempts.map(({ outcome, score }) => [outcome, score]))).toEqual([
    [['answered', 1]],
    [
      ['answered', 0],
      ['answered', undefined],
    ],
  ])
})

test('samples that do not agree make a cascade go on, and are paid for', async () => {
  const cascade = { scorer: { by: 'agreement', samples: 3 } as const, least: 0.9, then: ['large'] }
  const over = await bed.over({ targets: ['small'], cascade })
  bed.upstreams.small.next(
    { does: 'answer', text: 'Payments', usage: { input: 20, output: 5 } },
    { does: 'answer', text: ' payments ', usage: { input: 20, output: 5 } },
    { does: 'answer', text: 'general', usage: { input: 20, output: 5 } },
  )
  expect((await bed.ask(over)).by?.model).toBe('large')
  expect((await bed.attempts()).toSorted()).toEqual([
    'fallback settled',
    'first settled',
    'sample settled',
    'sample settled',
  ])
  expect(bed.records[0]?.record.attempts[0]?.score).toBeCloseTo(2 / 3)
  expect(bed.records[0]?.record.attempts[0]?.cost).toEqual({ nano: 75n, currency: 'USD' })
})

test('a judge says whether an answer suffices, and a judge that says something else does not', async () => {
  const cascade = { scorer: { by: 'judge', model: 'claude' } as const, least: 0.5, then: ['large'] }
  const over = await bed.over({ targets: ['small'], cascade })
  bed.upstreams.claude.next({ does: 'answer', text: '0.8' }, { does: 'answer', text: 'I would say 0.8 or 1' })
  expect((await bed.ask(over)).by?.model).toBe('small')
  expect((await bed.ask(over)).by?.model).toBe('large')
  expect(bed.upstreams.claude.calls.length).toBe(2)
  expect(bed.records[0]?.record.attempts.map(({ version }) => version).length).toBe(2) // the judge costs, and is recorded
})

test('a shadow is asked beside, paid for and compared, and its answer is never used', async () => {
  const over = await bed.over({ targets: ['small'], shadows: [{ model: 'claude' }] })
  bed.upstreams.claude.otherwise = { does: 'answer', text: 'Good bye.', usage: { input: 30, output: 1 } }
  expect(await textOf(await bed.ask(over, { stream: true }))).toContain('Hello')
  expect((await bed.attempts()).toSorted()).toEqual(['first settled', 'shadow settled'])
  expect(await bed.booked()).toEqual({ team: '0/56' })
  expect(bed.shadows).toMatchObject([{ agrees: false, attempt: { kind: 'shadow', outcome: 'answered' } }])
  expect(bed.records[0]?.record.shadows).toMatchObject([{ outcome: 'answered', cost: { nano: 31n } }])
})

test('a shadow that fails or hangs leaves the client alone', async () => {
  const over = await bed.over({ targets: ['small'], shadows: [{ model: 'claude' }] })
  bed.upstreams.claude.otherwise = { does: 'hang', after: 'request' }
  expect((await bed.ask(over)).status).toBe(200)
  await bed.upstreams.claude.close()
  expect(await bed.attempts()).toContain('shadow assumed')
})

test('a budget past its downgrade threshold is answered by the cheap tier', async () => {
  const over = await bed.over({ targets: ['large'], fallback: ['small'] }, { cap: 1000, budget: { downgrade: 2 } })
  expect((await bed.ask(over)).by?.model).toBe('large') // 25 of 1,000 are spent now
  await bed.booked()
  expect((await bed.ask(over)).by?.model).toBe('small')
  expect(bed.upstreams.large.calls.length).toBe(1)
  expect(await bed.attempts()).toEqual(['first settled', 'first settled'])
  const [, lowered] = bed.records
  if (!lowered) throw new Error('the call is recorded')
  const route = bed.route({ targets: ['large'], fallback: ['small'] })
  const replayed = replayCall({ route, budgets: new BudgetReplay([]), priceOf: () => undefined }, lowered.record)
  expect(replayed.answeredBy).toBe(lowered.outcome.answered?.version) // the standing of budgets is an input of routing
})

test('an answer that does not fit its schema is repaired once, each attempt paid for; a second misfit is told', async () => {
  const over = await bed.over({ targets: ['small'], fallback: ['large'] })
  bed.upstreams.small.next({ does: 'answer', text: 'payments' }, { does: 'answer', text: '{"team":"payments"}' })
  expect(await textOf(await bed.ask(over, structured))).toContain('payments')
  expect(bed.upstreams.small.calls[1]?.body).toContain('"assistant"')
  await expect(bed.ask(over, structured)).rejects.toMatchObject({ code: 'model/unmet-schema' })
  expect(bed.upstreams.large.calls.length).toBe(0)
  expect(await bed.attempts()).toEqual(['first settled', 'repair settled', 'first settled', 'repair settled'])
  expect(bed.records.map(({ outcome }) => outcome.error)).toEqual([
    undefined,
    { code: 'model/unmet-schema', kind: 'semantic' },
  ])
})

test('a stream that does not fit its schema ends in an error event, and not as if whole', async () => {
  const over = await bed.over({ targets: ['small'] })
  const text = await textOf(await bed.ask(over, { ...structured, stream: true }))
  expect(text).toMatch(/data: \{"error":.*\n\n$/)
  expect(text).not.toContain('[DONE]')
  expect(await bed.attempts()).toEqual(['first settled'])
})

test('a slow attempt of a route that hedges is overtaken, and the loser is booked', async () => {
  const clock = new ManualClock()
  const over = await bed.over({ targets: ['small'], hedge: true }, { clock })
  const { small } = bed.upstreams
  small.otherwise = { does: 'answer', held: 'headers', usage: { input: 20, output: 5 } }
  for (let n = 1; n <= 50; n++) {
    const asked = bed.ask(over)
    await small.until(() => small.calls.length === n)
    clock.advance(20)
    small.calls.at(-1)?.release()
    await asked
  }
  const asked = bed.ask(over)
  await small.until(() => small.calls.length === 51)
  small.next({ does: 'answer', text: 'sooner', usage: { input: 20, output: 5 } })
  clock.advance(30)
  expect(await textOf(await asked)).toContain('sooner')
  expect((await bed.attempts()).slice(50).toSorted()).toEqual(['first assumed', 'hedge settled'])
  expect(bed.records.length).toBe(51)
})

test('a record replays to the same plan: who was asked, who answered, at what cost', async () => {
  const declaration = { targets: ['small'], fallback: ['large'], shadows: [{ model: 'claude' }] }
  const over = await bed.over(declaration)
  bed.upstreams.small.otherwise = { does: 'status', status: 501 }
  await bed.ask(over)
  await bed.booked()
  const [kept] = bed.records
  if (!kept) throw new Error('the call is recorded')
  const route = bed.route(declaration)
  const replayed = replayCall({ route, budgets: new BudgetReplay([]), priceOf: () => undefined }, kept.record)
  expect(replayed.asked).toEqual(kept.record.attempts.map(({ version }) => version))
  expect(replayed.answeredBy).toBe(kept.outcome.answered?.version)
  expect(replayed.costs).toEqual([{ nano: 50n, currency: 'USD' }])
  expect(kept.record.budgets).toEqual(['team'])
})

test('a call whose budget refuses is recorded with the budget’s name, and nothing else is asked', async () => {
  const over = await bed.over({ targets: ['small'], fallback: ['large'] }, { cap: 60 })
  const error = await bed.ask(over).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'cost/over-budget' })
  expect(await over.outcomeOf(error)).toMatchObject({ error: { code: 'cost/over-budget' } }) // for a step's record
  await bed.booked()
  expect(bed.records).toMatchObject([
    { record: { stoppedBy: 'team' }, outcome: { error: { kind: 'policy' }, attempts: [] } },
  ])
})

test('a call that goes on from an answer goes to who gave it, or to nobody', async () => {
  const over = await bed.over({ targets: ['small'], fallback: ['large'] })
  const large = Object.values(bed.route({ targets: ['large'] }).models)[0]?.digest
  bed.previous = (request) => ({ version: large ?? '', heldBy: 'provider', request })
  const more = { input: 'And?', messages: undefined, previous_response_id: 'resp_1' }
  const answer = await bed.ask(over, more, { dialect: 'openai-responses', caller: { client: 'key_1' } })
  expect(answer.by?.model).toBe('large')
  bed.upstreams.large.otherwise = { does: 'status', status: 501 }
  await expect(bed.ask(over, more, { dialect: 'openai-responses', caller: { client: 'key_1' } })).rejects.toThrow()
  bed.previous = (request) => ({ version: 'f'.repeat(64), heldBy: 'provider', request })
  await expect(bed.ask(over, more, { dialect: 'openai-responses', caller: { client: 'key_1' } })).rejects.toMatchObject(
    { code: 'model/refused-by-constraint' },
  )
  expect(bed.upstreams.small.calls.length).toBe(0)
})

test.each([false, true])('a response is kept before the client has its end, streamed: %s', async (stream) => {
  const over = await bed.over({ targets: ['small'] })
  const more = { input: 'Hi', messages: undefined, stream }
  const answer = await bed.ask(over, more, { dialect: 'openai-responses', caller: { client: 'key_1' } })
  if (!Buffer.isBuffer(answer.body))
    for await (const part of answer.body) if (part.includes('response.completed')) break // the end is here: it is kept by now
  expect(bed.kept).toMatchObject([{ version: answer.by?.digest, isCarried: false, usage: { input: 20, output: 5 } }])
})

test('a server without /v1/responses is asked by its chat, at once and from then on', async () => {
  const over = await bed.over({ targets: ['llama'] })
  const { large } = bed.upstreams
  large.next({ does: 'status', status: 405 })
  const more = { input: 'Hi', messages: undefined, max_tokens: undefined }
  for (const stream of [false, true]) {
    const answer = await bed.ask(
      over,
      { ...more, stream },
      { dialect: 'openai-responses', caller: { client: 'key_1' } },
    )
    expect(await textOf(answer)).toContain('Hello')
  }
  expect(large.calls.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/chat/completions', '/v1/chat/completions'])
  expect(bed.kept).toMatchObject([{ isCarried: true }, { isCarried: true }])
})

test('who has no key goes on from nothing: an id that nobody looked at could be another’s', async () => {
  const over = await bed.over({ targets: ['small'] })
  const more = { input: 'And?', messages: undefined, previous_response_id: 'resp_1' }
  await expect(bed.ask(over, more, { dialect: 'openai-responses' })).rejects.toMatchObject({
    code: 'model/no-such-response',
  })
})

test('an answer is kept with the documents that its request was made from', async () => {
  const kept: unknown[] = []
  bed.answers = {
    find: () => Promise.resolve(undefined),
    keep: (_, answer) => {
      kept.push(answer.sources)
      return Promise.resolve('kept')
    },
  }
  const over = await bed.over({ targets: ['small'], cache: { exact: '1h' } })
  await bed.ask(over, {}, { caller: { sources: () => Promise.resolve(['replies/arrival']) } })
  await bed.booked()
  expect(kept).toEqual([['replies/arrival']])
})

test('an answer that was too unsure is better than none, where who was asked after it refuses the request', async () => {
  const cascade = { scorer: { by: 'schema' as const }, least: 1, then: ['large'] }
  const over = await bed.over({ targets: ['small'], cascade })
  bed.upstreams.large.otherwise = { does: 'status', status: 400 } // nobody else would do better: the walk ends here
  const answer = await bed.ask(over, structured)
  expect([answer.status, answer.by?.model]).toEqual([200, 'small'])
  expect(await textOf(answer)).toContain('Hello there.')
})

test('what a call cost is unknown, and no zero, where the price of one that was asked is', async () => {
  const over = await bed.over({ targets: ['unpriced'] })
  await bed.ask(over, {}, { caller: { budgets: [] } })
  await bed.booked()
  expect(bed.records).toMatchObject([{ outcome: { status: 200, usage: { input: 20 } } }])
  expect(bed.records[0]?.outcome.cost).toBeUndefined()
  expect(bed.records[0]?.record.attempts[0]?.cost).toBeUndefined()
})
