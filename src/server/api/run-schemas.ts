import { z } from '@hono/zod-openapi'

/** What the API says of runs; times are milliseconds since 1970. */

export const runStatus = z.enum(['running', 'waiting', 'paused', 'succeeded', 'failed', 'cancelled', 'killed'])
const json = z.unknown()
const failure = z.object({ code: z.string(), message: z.string() })
export const listedRun = z.object({
  run: z.string(),
  pipeline: z.string(),
  status: runStatus,
  started: z.number().openapi({ description: 'Milliseconds since 1970.' }),
  ended: z.number().optional(),
  code: z.string().optional().openapi({ description: 'The code of why it is paused or failed.' }),
  isHeld: z.boolean().openapi({ description: 'What it would change outside waits for its release, or will.' }),
  entity: z.object({ type: z.string(), id: z.string() }).optional(),
})
export const releasedRun = z
  .object({
    run: z.string(),
    wasHeld: z.boolean().openapi({ description: 'False: it was released before, and nothing has changed.' }),
    hasEnded: z.boolean().openapi({ description: 'Nothing of it waited any more.' }),
  })
  .openapi('ReleasedRun')
const step = z.object({
  key: z.string(),
  kind: z.string(),
  resource: z.string(),
  state: z.enum(['running', 'waiting', 'retrying', 'done', 'failed', 'denied', 'timed-out', 'cancelled']),
  retries: z.number(),
  began: z.number(),
  ended: z.number().optional(),
  ms: z.number().optional(),
  due: z.number().optional(),
  confidence: z.number().optional(),
  result: json.optional(),
  error: failure.optional(),
  detail: json.optional(),
  factors: z.array(z.object({ kind: z.string(), digest: z.string(), name: z.string() })).readonly(),
})
const waitsFor = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('person'), item: z.string(), queue: z.string(), why: z.array(z.string()).readonly() }),
  z.object({
    kind: z.literal('release'),
    run: z.string().openapi({ description: 'To be released: the run itself, or the one that it was called by.' }),
    action: z.string(),
    queue: z.string().optional(),
    why: z.array(z.string()).readonly(),
  }),
  z.object({ kind: z.literal('time'), step: z.string() }),
  z.object({ kind: z.literal('other'), step: z.string() }),
])
export const runView = listedRun
  .extend({
    digest: z.string(),
    principal: z.string().optional(),
    because: z.string().openapi({ description: 'One sentence of why.' }),
    waitsFor: waitsFor.optional(),
    input: json.optional(),
    result: json.optional(),
    error: failure.optional(),
    steps: z.array(step).readonly(),
  })
  .openapi('Run')
export const runOutcome = z
  .object({
    run: z.string(),
    isSettled: z.boolean(),
    status: z.enum([...runStatus.options, 'accepted', 'dead-letter']),
    result: json.optional(),
    error: failure.optional(),
    classified: z.object({ label: z.string(), confidence: z.number() }).optional(),
    item: z.object({ id: z.string(), queue: z.string(), why: z.array(z.string()).readonly() }).optional(),
    hold: z
      .object({
        run: z.string(),
        action: z.string(),
        queue: z.string().optional(),
        why: z.array(z.string()).readonly(),
      })
      .optional()
      .openapi({ description: 'Decided, and held back until the run is released.' }),
    because: z.string().optional(),
    at: z.number().optional(),
  })
  .openapi('Outcome')
