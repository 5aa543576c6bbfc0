import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  action,
  classifier,
  connector,
  embedding,
  event,
  extraction,
  pipeline,
  prompt,
  reviewForm,
  rules,
} from '../sdk/index.ts'
import { failing, testbed, when } from './index.ts'

const received = event('message.received', z.object({ from: z.email(), text: z.string() }))
const intents = classifier({ name: 'intent', route: 'intent', labels: ['refund', 'card-lost', 'other'] })
const routing = rules({
  name: 'routing',
  input: z.object({ intent: z.enum(intents.labels), confidence: z.number() }),
  output: z.object({ team: z.enum(['payments', 'general']), human: z.boolean() }),
  rows: [
    { if: { intent: 'refund', confidence: { lt: 0.9 } }, give: { team: 'payments', human: true } },
    { if: { intent: 'refund' }, give: { team: 'payments', human: false } },
    {
      if: { intent: { in: ['card-lost', 'other'] }, confidence: { gte: 0.99, lt: 1 } },
      give: { team: 'general', human: false },
    },
  ],
  otherwise: { team: 'general', human: true },
})
const reply = z.object({ to: z.email(), text: z.string() })
const replyReview = reviewForm({
  name: 'reply',
  shows: z.object({ message: z.string() }),
  value: reply,
  reasons: ['wrong-facts'],
  firstLine: (s) => s.message,
})
interface Mail {
  send(input: { to: string; text: string }, token: string): Promise<string | undefined>
}
const mail = connector<Mail>('mail')
const sendReply = action({
  name: 'send-reply',
  input: reply,
  output: z.object({ messageId: z.string() }),
  approval: 'required',
  failures: ['address-unknown'],
  undo: 'irreversible',
  ifUnknown: 'token-is-idempotent',
  run: async ({ input, token, use, fail }) => ({
    messageId: (await use(mail).send(input, token)) ?? fail('address-unknown'),
  }),
})
const triage = pipeline({ name: 'triage', on: received, subject: (m) => m.from }, async (ctx, m) => {
  const intent = await ctx.classify(intents, m.text)
  const route = await ctx.decide(routing, { intent: intent.label, confidence: intent.confidence })
  const sent = await ctx.act(
    sendReply,
    { to: m.from, text: 'Hello' },
    {
      form: replyReview,
      show: { message: m.text },
      require: route.human,
      confidence: intent.confidence,
      queue: route.team,
      due: '2h',
      expires: '7d',
    },
  )
  return { team: route.team, outcome: sent.outcome }
})
const message = { from: 'a@b.example', text: 'Where is my refund?' }
const sends = { mail: { send: async () => 'id' } satisfies Mail }

test('a clear message is answered without a person; the decision not to ask is recorded', async () => {
  const bed = testbed(triage, [when(intents, { label: 'refund', confidence: 0.95 })], { connectors: sends })
  const run = await bed.run(message)
  expect(run.result).toEqual({ team: 'payments', outcome: 'done' })
  expect(run.effects(sendReply)).toEqual([{ to: message.from, text: 'Hello' }])
  expect(run.steps).toContain('/gate:send-reply#0 end')
  expect(run.asked).toEqual([])
})

test('an approval after three days runs exactly what the person edited', async () => {
  const bed = testbed(
    triage,
    [
      when(intents, { label: 'refund', confidence: 0.6 }),
      when(replyReview, { approve: true, edit: { to: 'a@b.example', text: 'Edited' }, after: '3d' }),
    ],
    { connectors: sends },
  )
  const run = await bed.run(message)
  expect(run.result).toEqual({ team: 'payments', outcome: 'done' })
  expect(run.effects(sendReply)).toEqual([{ to: 'a@b.example', text: 'Edited' }])
})

test('rejected, nothing is sent; nobody there, it expires', async () => {
  const rejected = testbed(
    triage,
    [when(intents, { label: 'other', confidence: 0.6 }), when(replyReview, { reject: true, reason: 'wrong-facts' })],
    { connectors: sends },
  )
  const no = await rejected.run(message)
  expect([no.result?.outcome, no.effects(sendReply)]).toEqual(['rejected', []])
  const silent = testbed(
    triage,
    [when(intents, { label: 'other', confidence: 0.6 }), when(replyReview, { silent: true })],
    { connectors: sends },
  )
  expect((await silent.run(message)).result?.outcome).toBe('expired')
})

test('an edit that no longer fits the schema runs nothing', async () => {
  const bed = testbed(
    triage,
    [
      when(intents, { label: 'other', confidence: 0.6 }),
      when(replyReview, { approve: true, edit: { to: 'not an address', text: '' } }),
    ],
    { connectors: sends },
  )
  const run = await bed.run(message)
  expect(run.error?.code).toBe('act/bad-input')
  expect(run.effects(sendReply)).toEqual([])
})

test('a declared failure is an outcome, not an exception', async () => {
  const bed = testbed(triage, [when(intents, { label: 'refund', confidence: 0.95 })], {
    connectors: { mail: { send: async () => undefined } },
  })
  expect((await bed.run(message)).result).toEqual({ team: 'payments', outcome: 'failed' })
})

test('a crash after any entry: nothing lands twice, and the result is the same', async () => {
  const bed = testbed(triage, [when(intents, { label: 'refund', confidence: 0.95 })], { connectors: sends })
  const { crashes, effectsTwice, results } = await bed.everyCrash(message)
  expect(crashes).toBe(3 * (6 + 1)) // classify, decide, gate, intent, end, $end, and before the first
  expect(effectsTwice).toEqual([])
  expect(new Set(results.map((result) => JSON.stringify(result)))).toEqual(
    new Set(['{"team":"payments","outcome":"done"}']),
  )
})

const clear = [when(intents, { label: 'refund', confidence: 0.95 })]
const unclear = [when(intents, { label: 'refund', confidence: 0.6 }), when(replyReview, { approve: true, after: '1h' })]

test.each([
  ['that needs no person', clear],
  ['that a person has approved', unclear],
])('held, an effect %s does not happen until it is released, and then once', async (_what, scripts) => {
  const stands = await testbed(triage, scripts, { connectors: sends, hold: { stands: true } }).run(message)
  expect([stands.state, stands.effects(sendReply)]).toEqual(['waiting', []])
  expect(stands.steps.at(-1)).toBe('/gate:hold-send-reply#0 open')
  const bed = testbed(triage, scripts, { connectors: sends, hold: { releasedAfter: '3d' } })
  const run = await bed.run(message)
  expect([run.state, run.result?.outcome]).toEqual(['succeeded', 'done'])
  expect(run.effects(sendReply)).toEqual([{ to: message.from, text: 'Hello' }])
})

test('a crash anywhere around a hold and its release: nothing is sent before, and nothing twice', async () => {
  for (const scripts of [clear, unclear]) {
    const released = testbed(triage, scripts, { connectors: sends, hold: { releasedAfter: '3d' } })
    const { effectsTwice, results } = await released.everyCrash(message)
    expect([effectsTwice, new Set(results.map((result) => result?.outcome))]).toEqual([[], new Set(['done'])])
    const { results: none } = await testbed(triage, scripts, { connectors: sends, hold: { stands: true } }).everyCrash(
      message,
    )
    expect(new Set(none)).toEqual(new Set([undefined]))
  }
})

test('a hold holds every effect of a run, and a run without effects not at all', async () => {
  const paid: string[] = []
  const pay = action({
    name: 'pay',
    input: z.object({ to: z.string() }),
    output: z.object({}),
    undo: 'irreversible',
    ifUnknown: 'token-is-idempotent',
    run: async ({ input }) => {
      paid.push(input.to)
      return {}
    },
  })
  const pays = pipeline({ name: 'pays', on: received }, async (ctx) => {
    await Promise.all(['a', 'b'].map((to) => ctx.act(pay, { to })))
    return (await ctx.act(pay, { to: 'c' })).outcome
  })
  expect((await testbed(pays, [], { hold: { stands: true } }).run(message)).state).toBe('waiting')
  expect(paid).toEqual([])
  expect((await testbed(pays, [], { hold: { releasedAfter: '1h' } }).run(message)).result).toBe('done')
  expect(paid.toSorted()).toEqual(['a', 'b', 'c'])
  const reads = pipeline({ name: 'reads', on: received }, async () => 'read')
  expect((await testbed(reads, [], { hold: { stands: true } }).run(message)).result).toBe('read')
})

test('a resource that nothing scripts fails the test and names the line to add', async () => {
  await expect(testbed(triage, []).run(message)).rejects.toThrow('add when(classifier, { label:')
})

test('an effect whose outcome is unknown goes to a person, and is not repeated', async () => {
  const asks = action({
    name: 'pay',
    input: z.object({ amount: z.number() }),
    output: z.object({ ok: z.boolean() }),
    failures: [],
    undo: 'irreversible',
    ifUnknown: 'ask-a-human',
    run: async () => ({ ok: true }),
  })
  const pays = pipeline({ name: 'pays', on: received }, async (ctx) => (await ctx.act(asks, { amount: 5 })).outcome)
  const outcomeUnknown = { name: 'outcome-unknown', type: 'form' } as unknown as typeof replyReview
  const script = [
    when(asks, { fails: 'connection-lost-after-send' }),
    when(outcomeUnknown, { answer: { happened: true } as never }),
  ]
  const run = await testbed(pays, script).run(message)
  expect(run.result).toBe('done-by-hand')
  expect(run.effects(asks)).toEqual([{ amount: 5 }])
})

test('what failed later is undone, last first', async () => {
  const undone: string[] = []
  const make = (name: string) =>
    action({
      name,
      input: z.object({}),
      output: z.object({}),
      undo: async () => void undone.push(name),
      ifUnknown: 'token-is-idempotent',
      run: async () => ({}),
    })
  const [book, pay] = [make('book'), make('pay')]
  const trip = pipeline({ name: 'trip', on: received }, async (ctx) => {
    await ctx.act(book, {})
    await ctx.act(pay, {})
    throw new Error('no seat')
  })
  const run = await testbed(trip, []).run(message)
  expect(run.error).toMatchObject({ code: 'run/exception', message: 'no seat' })
  expect(undone).toEqual(['pay', 'book'])
})

test('a loop names its steps by the item, whatever the order', async () => {
  const loops = pipeline({ name: 'loops', on: received }, (ctx) =>
    ctx.each(
      ['b', 'a'],
      { key: (item) => item, atOnce: 1 },
      async (inner, item) =>
        (await inner.decide(routing, { intent: 'other', confidence: item === 'a' ? 0.995 : 1 })).human,
    ),
  )
  const run = await testbed(loops, []).run(message)
  expect(run.result).toEqual([true, false])
  expect(run.steps[0]).toMatch(/^[0-9a-f]{16}\/decide:routing#0 end$/)
  expect(new Set(run.steps).size).toBe(run.steps.length)
})

test('models that write, read and embed answer as their scripts say; an answer that does not fit its schema fails', async () => {
  const draft = prompt({
    name: 'draft',
    route: 'writer',
    template: '{{text}}',
    input: z.object({ text: z.string() }),
    output: z.object({ text: z.string().min(2) }),
  })
  const amount = extraction({ name: 'amount', route: 'reader', output: z.object({ total: z.number().nullable() }) })
  const vectors = embedding({ name: 'vectors', route: 'encoder' })
  const all = pipeline({ name: 'all', on: received }, async (ctx, m) => {
    const [{ text }, { total }, found] = await Promise.all([
      ctx.generate(draft, { text: m.text }),
      ctx.extract(amount, m.text),
      ctx.embed(vectors, [m.text, 'b']),
    ])
    return { text, total, found }
  })
  const scripts = [when(amount, { total: 5 }), when(vectors, (texts) => texts.map((text) => [text.length]))]
  const run = await testbed(all, [...scripts, when(draft, { text: 'Hello' })]).run(message)
  expect(run.result).toEqual({ text: 'Hello', total: 5, found: [[message.text.length], [1]] })
  const unfit = await testbed(all, [...scripts, when(draft, { text: 'x' })]).run(message)
  expect(unfit.error?.code).toBe('prompt/bad-output')
  const down = await testbed(all, [...scripts, when(draft, failing('model/no-target-well'))]).run(message)
  expect(down.error?.code).toBe('model/no-target-well')
  await expect(testbed(all, scripts).run(message)).rejects.toThrow('Nothing scripts the prompt "draft"')
})
