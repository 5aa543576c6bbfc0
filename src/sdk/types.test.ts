import { expect, test } from 'vitest'
import { z } from 'zod'
import { action, classifier, embedding, event, extraction, pipeline, prompt, rules } from './index.ts'

// The compiler is the test: each marked line must be an error, and `npm run types` fails when it is not.

const received = event('message.received', z.object({ from: z.string(), text: z.string() }))
const intents = classifier({ name: 'intent', route: 'intent', labels: ['refund', 'other'] })
const reply = prompt({
  name: 'reply',
  route: 'draft',
  template: 'x',
  input: z.object({ message: z.string() }),
  output: z.object({ text: z.string() }),
})
const invoice = extraction({ name: 'invoice', route: 'reader', output: z.object({ total: z.number() }) })
const vectors = embedding({ name: 'vectors', route: 'encoder' })
const pay = action({
  name: 'pay',
  input: z.object({ amount: z.number() }),
  output: z.object({}),
  approval: 'required',
  failures: ['broke'],
  undo: 'irreversible',
  ifUnknown: 'ask-a-human',
  run: async () => ({}),
})

// @ts-expect-error a Date does not survive the log
extraction({ name: 'x', route: 'reader', output: z.object({ at: z.date() }) })
// @ts-expect-error a Date does not survive the log
event('x', z.object({ at: z.date() }))
// @ts-expect-error a field called then would make the value a promise
event('x', z.object({ then: z.string() }))
const tested = z.object({ intent: z.enum(intents.labels), n: z.number() })
const team = z.object({ team: z.enum(['a']) })
const toTeamA = { team: 'a' } as const
rules({
  name: 'r',
  input: tested,
  output: team,
  rows: [],
  // @ts-expect-error the table answers with a team that its schema does not have
  otherwise: { team: 'b' },
})
rules({
  name: 'r',
  input: tested,
  output: team,
  // @ts-expect-error the table tests a field that its input does not have
  rows: [{ if: { m: 1 }, give: toTeamA }],
  otherwise: toTeamA,
})
rules({
  name: 'r',
  input: tested,
  output: team,
  // @ts-expect-error only numbers are compared
  rows: [{ if: { intent: { lt: 1 } }, give: toTeamA }],
  otherwise: toTeamA,
})

pipeline({ name: 'p', on: received, subject: (m) => m.from }, async (ctx, m) => {
  const intent = await ctx.classify(intents, m.text)
  // @ts-expect-error the classifier has no such label
  if (intent.label === 'refnd') return null
  // @ts-expect-error an action that requires approval is not called without a gate
  await ctx.act(pay, { amount: 1 })
  // @ts-expect-error the prompt's input has a message
  await ctx.generate(reply, { text: 'x' })
  // @ts-expect-error the prompt's output has no subject
  void (await ctx.generate(reply, { message: 'x' })).subject
  // @ts-expect-error the extraction has no such field
  void (await ctx.extract(invoice, m.text)).sum
  // @ts-expect-error an extraction reads a text
  void (await ctx.extract(invoice, { message: m.text })).total.toFixed(2)
  // @ts-expect-error a vector is of numbers
  void (await ctx.embed(vectors, [m.text]))[0]?.[0]?.length
  return null
})
// @ts-expect-error the event has no such field
pipeline({ name: 'p', on: received, subject: (m) => m.customer }, async () => null)
// @ts-expect-error a pipeline's result is JSON
pipeline({ name: 'p', on: received }, async () => new Date())

test('the same declaration has the same digest, and another another', () => {
  const make = (label: string) => classifier({ name: 'intent', route: 'intent', labels: [label, 'other'] })
  expect(make('refund').digest).toBe(intents.digest)
  expect(make('return').digest).not.toBe(intents.digest)
})
