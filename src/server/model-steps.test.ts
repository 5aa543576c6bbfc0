import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { mainTenant, type RunId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { RunView } from '../execution/runs/run-reader.ts'
import { ScriptedUpstream } from '../models/providers/testing.ts'
import { embedding, event, extraction, pipeline, prompt } from '../sdk/index.ts'
import { type TestServer, testServer } from './testing.ts'

// Steps against a scripted upstream on a real socket, through the real gateway, engine and ledger.

const received = event('note.received', z.object({ text: z.string(), does: z.string() }))
const drafting = prompt({
  name: 'drafting',
  route: 'writer',
  template:
    '---\nconfig:\n  temperature: 0.5\n  maxOutputTokens: 60\n---\n{{role "system"}}Answer.\n{{role "user"}}{{text}}',
  input: z.object({ text: z.string().meta({ pii: 'name' }) }),
  output: z.object({ text: z.string() }),
})
const invoice = extraction({
  name: 'invoice',
  route: 'writer',
  pii: 'none',
  output: z.object({ total: z.number(), currency: z.string().max(3).nullable() }),
})
const unlabelled = prompt({ ...drafting, name: 'unlabelled', input: z.object({ text: z.string() }) })
const vectors = embedding({ name: 'vectors', route: 'encoder', pii: 'none' })
const writes = pipeline(
  { name: 'writes', on: received, entity: (m) => ({ type: 'customer', id: m.does }), subject: () => 'ada' },
  async (ctx, m): Promise<Json> => {
    if (m.does === 'extract') return ctx.extract(invoice, m.text)
    if (m.does === 'embed') return (await ctx.embed(vectors, [m.text, 'b', m.text])).map((vector) => vector.length)
    if (m.does === 'unlabelled') return ctx.generate(unlabelled, { text: m.text })
    return ctx.generate(drafting, { text: m.text })
  },
)

let upstream: ScriptedUpstream
let server: TestServer
beforeAll(async () => {
  upstream = await ScriptedUpstream.start()
  const price = { provider: 'openai-compatible', model: 'llama', currency: 'EUR', from: '2020-01-01' }
  server = await testServer({
    pipelines: [writes],
    models: {
      llama: {
        provider: 'openai-compatible',
        model: 'llama',
        url: `${upstream.url}/v1`,
        sees: ['public', 'internal', 'personal'],
      },
    },
    routes: { writer: { targets: ['llama'] }, encoder: { targets: ['llama'] } },
    prices: [{ ...price, input: '1', output: '2' }],
    budgets: [{ id: 'writing', currency: 'EUR', period: 'day', cap: '1' }],
    pipelineBudgets: { writes: ['writing'] },
    allow: [{ pipeline: 'writes', steps: '*' }],
  })
})
beforeEach(() => {
  upstream.otherwise = { does: 'answer', text: 'Dear Ada.', usage: { input: 20, output: 5 } }
})
afterAll(async () => {
  await server.stop()
  await upstream.close()
})

async function start(does: string, text = 'Hello, I am Ada.'): Promise<string> {
  const body = { specversion: '1.0', id: randomUUID(), source: 'urn:test', type: received.name, data: { text, does } }
  const answer = await server.ask('/api/v1/events?pipeline=writes', {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(body),
  })
  const { accepted } = (await answer.json()) as { accepted: { run: string }[] }
  return accepted[0]?.run ?? ''
}
const ended = async (run: string): Promise<RunView> =>
  server.until(run, ({ status }) => status === 'succeeded' || status === 'failed')
const body = (at: number): Json => JSON.parse(upstream.calls.at(at)?.body ?? 'null') as Json

describe('generate', () => {
  test('asks the route with the rendered prompt, and leaves who answered, how, and for how much', async () => {
    const view = await ended(await start('generate'))
    expect(view.result).toEqual({ text: 'Dear Ada.' })
    expect(body(-1)).toMatchObject({
      model: 'llama',
      temperature: 0.5,
      max_completion_tokens: 60,
      messages: [
        { role: 'system', content: expect.stringMatching(/^Text between <data-.*Answer\.$/s) as string },
        { role: 'user', content: expect.stringMatching(/^<data-\w+>\nHello, I am Ada\.\n<\/data-\w+>$/) as string },
      ],
    })
    const [step] = view.steps
    expect(step?.factors.map(({ kind, name }) => [kind, name.replace(/@.*/, '')])).toEqual([
      ['prompt', 'drafting'],
      ['policy', expect.any(String) as string],
      ['model', 'llama'],
    ])
    expect(step?.detail).toMatchObject({
      prompt: {
        messages: (body(-1) as { messages: Json }).messages,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
      parameters: { temperature: 0.5, maxOutputTokens: 60 },
      call: {
        asked: 'writer',
        model: 'llama',
        reason: 'only-target',
        cost: { nano: '30000', currency: 'EUR' },
        attempts: [{ kind: 'first', outcome: 'answered' }],
      },
    })
  })

  test('and its cost is the run’s, the step’s and the entity’s', async () => {
    const run = await start('generate')
    await ended(run)
    const { rows } = await server.database.ownerPool.query(
      'select pipeline, step, task, entity_type, state, budgets from reservation where run = $1',
      [run],
    )
    expect(rows).toMatchObject([{ pipeline: 'writes', step: '/generate:drafting', task: 'drafting', state: 'settled' }])
    const { records } = (await server.planes.lineage.read(mainTenant, run as RunId)) ?? { records: [] }
    expect(JSON.parse(records[0]?.leaf ?? '{}')).toMatchObject({ kind: 'generate', cost: 30_000 })
    expect(JSON.stringify(records.map(({ leaf }) => leaf))).not.toContain('Ada') // the rendered prompt is in the encrypted body alone
    expect(records[0]?.isContentChecked).toBe(true)
  })

  test('of what nobody labelled goes to no model that may not see everything', async () => {
    const asked = upstream.calls.length
    const view = await ended(await start('unlabelled'))
    expect(view.error?.code).toBe('model/refused-by-constraint')
    expect(upstream.calls.length).toBe(asked)
  })

  test('that the provider refuses fails at once, and is not asked again', async () => {
    upstream.otherwise = { does: 'status', status: 400 }
    const asked = upstream.calls.length
    const view = await ended(await start('generate'))
    expect(view.error?.code).toBe('model/question-refused')
    expect(upstream.calls.length).toBe(asked + 1)
  })

  test('that the provider has no room for waits as long as it says, and does not multiply the gateway’s calls', async () => {
    upstream.otherwise = { does: 'status', status: 429, headers: { 'retry-after': '240' } }
    const asked = upstream.calls.length
    const run = await start('generate')
    const view = await server.until(run, ({ steps }) => steps[0]?.state === 'retrying')
    const [step] = view.steps
    expect((step?.due ?? 0) - (step?.began ?? 0)).toBeGreaterThan(200_000)
    expect(upstream.calls.length - asked).toBeLessThanOrEqual(3)
    await server.planes.engine.cancel(run as RunId)
  })
})

describe('extract', () => {
  test('asks for the schema, without our own labels in it, and gives its fields', async () => {
    upstream.otherwise = { does: 'answer', text: '{"total":12.5,"currency":"EUR"}' }
    const view = await ended(await start('extract', 'Total EUR 12.50'))
    expect(view.result).toEqual({ total: 12.5, currency: 'EUR' })
    expect(body(-1)).toMatchObject({
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'invoice',
          strict: true,
          schema: {
            required: ['total', 'currency'],
            properties: { currency: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
          },
        },
      },
    })
    expect(JSON.stringify(body(-1))).not.toMatch(/maxLength|"pii"|"trust"/)
  })
})

describe('embed', () => {
  test('gives one vector for each text', async () => {
    const view = await ended(await start('embed'))
    expect(view.result).toEqual([4, 4, 4])
    expect(body(-1)).toMatchObject({ input: ['Hello, I am Ada.', 'b', 'Hello, I am Ada.'] })
  })
})
