import { expect, test } from 'vitest'
import { mintId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import { explain, waitsForOf } from './explain.ts'
import type { OpenedRow, OpenedRun } from './run-rows.ts'
import { stepsOf } from './steps.ts'

const row = (key: string, change: Partial<OpenedRow> = {}): OpenedRow => ({
  seq: 0,
  key,
  kind: 'step',
  phase: 'end',
  outcome: 'done',
  at: 1000,
  due: undefined,
  ms: 5,
  confidence: undefined,
  body: {},
  ...change,
})
const run = (rows: readonly OpenedRow[], change: Partial<OpenedRun> = {}): OpenedRun => ({
  run: mintId('run', 0, systemRandom),
  pipeline: 'desk',
  digest: 'd',
  state: 'open',
  isParked: true,
  isHeld: false,
  why: undefined,
  entity: undefined,
  principal: undefined,
  started: 0,
  ended: undefined,
  opened: { input: null, rows },
  unreadable: undefined,
  ...change,
})
const say = (rows: readonly OpenedRow[], change: Partial<OpenedRun> = {}): string =>
  explain(run(rows, change), stepsOf(rows))

const classified = (accepted: boolean): OpenedRow =>
  row('classify:topics#0', {
    kind: 'classify',
    body: { s: { ok: { label: 'refund', confidence: 0.714, accepted } }, e: { detail: { threshold: 0.8 } } },
  })
const decided = (n: number): OpenedRow =>
  row('decide:routing#0', { kind: 'decide', body: { s: { ok: { team: 'money' } }, e: { detail: { row: n } } } })
const gate = (ask: boolean): OpenedRow =>
  row('gate:pay#0', { kind: 'gate', body: { s: { ok: { ask, why: ['rule', 'low-confidence'] } } } })
const asked = row('review:payment#0', {
  kind: 'review',
  phase: 'open',
  outcome: 'pending',
  body: { e: { detail: { item: 'rev_1', queue: 'money', why: ['rule'] } } },
})
const answered = (verdict: string, reason: string | null): OpenedRow =>
  row('review:payment#0', { kind: 'review', body: { s: { ok: { person: 'per_1', verdict, reason } } } })
const holdOf = (change: Partial<OpenedRow> = {}): OpenedRow =>
  row('gate:hold-pay#0', {
    kind: 'gate',
    phase: 'open',
    outcome: 'pending',
    body: { e: { detail: { hold: 'run_1', action: 'pay', queue: 'money', why: ['clear'] } } },
    ...change,
  })
const heldGate = row('gate:pay#0', { kind: 'gate', body: { s: { ok: { ask: false, why: ['clear'], held: true } } } })
const released = holdOf({ phase: 'end', outcome: 'done', body: { s: { ok: { releasedBy: 'per_1' } } } })
const acted = row('act:pay#0', { kind: 'act', body: { s: { ok: null } } })
const end = (s: OpenedRow['body']['s']): OpenedRow => row('$end', { kind: 'run', ...(s && { body: { s } }) })

test.each([
  ['a run that has just begun', [], {}, 'Running.'],
  [
    'one that is done, with what its pipeline says of it',
    [classified(true), decided(0), gate(false), acted, end({ ok: { outcome: 'sent' } })],
    { state: 'succeeded' },
    'Ended as succeeded (sent), because topics reads it as refund (71% sure); row 1 of routing says team money; pay needs no person; pay is done.',
  ],
  ['one whose result has no outcome', [end({ ok: null })], { state: 'succeeded' }, 'Ended as succeeded.'],
  [
    'one that waits for a person',
    [classified(false), decided(-1), gate(true), asked],
    {},
    'Waits for a person in the queue money, because topics reads it as refund (71% sure, below the threshold of 80%); the default row of routing says team money; pay needs a person (rule, low-confidence).',
  ],
  [
    'one that a person has refused',
    [asked, answered('reject', 'wrong-facts'), end({ ok: { outcome: 'rejected' } })],
    { state: 'succeeded' },
    'Ended as succeeded (rejected), because per_1 decided: reject (wrong-facts).',
  ],
  [
    'one that nobody decided in time',
    [asked, row('review:payment#0', { kind: 'review', outcome: 'timed-out' }), end({ ok: { outcome: 'expired' } })],
    { state: 'succeeded' },
    'Ended as succeeded (expired), because nobody decided in time.',
  ],
  [
    'one that is held, and how to release it',
    [classified(true), heldGate, holdOf()],
    {},
    'Decided, and held before pay until somebody runs `millrace runs release run_1`, because topics reads it as refund (71% sure); pay needs no person, and is held until released.',
  ],
  [
    'one that was released',
    [heldGate, holdOf(), released, acted, end({ ok: { outcome: 'sent' } })],
    { state: 'succeeded' },
    'Ended as succeeded (sent), because pay needs no person, and is held until released; per_1 released pay; pay is done.',
  ],
  [
    'one that sleeps',
    [row('sleep:0#0', { kind: 'sleep', phase: 'open', outcome: 'pending' })],
    {},
    'Waits at sleep:0#0.',
  ],
  [
    'one that failed',
    [
      row('act:pay#0', {
        kind: 'act',
        outcome: 'failed',
        body: { s: { error: { code: 'act/failed', message: 'x' } } },
      }),
      end({ error: { code: 'act/failed', message: 'pay failed: no funds.' } }),
    ],
    { state: 'failed' },
    'Ended as failed with act/failed (pay failed: no funds), because act pay failed (act/failed).',
  ],
  [
    'one that the policy stopped',
    [
      row('act:pay#0', {
        kind: 'act',
        outcome: 'denied',
        body: { s: { error: { code: 'step/denied', message: 'x' } } },
      }),
      end({ error: { code: 'step/denied', message: 'no' } }),
    ],
    { state: 'failed' },
    'Ended as failed with step/denied (no), because the policy denied act pay.',
  ],
  [
    'one that was cancelled',
    [end({ error: { code: 'run/cancelled', message: 'cancelled' } })],
    { state: 'cancelled' },
    'Ended as cancelled with run/cancelled (cancelled).',
  ],
  ['one that was killed', [], { state: 'killed' }, 'Ended as killed.'],
  [
    'one that is paused',
    [],
    { state: 'paused', why: { code: 'run/diverged', message: 'm' } },
    'Paused with run/diverged.',
  ],
  [
    'one whose person was erased',
    [],
    { opened: undefined, unreadable: 'erased' },
    'Erased: the key of the person whose data this run held was destroyed.',
  ],
  [
    'one that was altered',
    [],
    { opened: undefined, unreadable: 'damaged' },
    'Cannot be read: a row of this run was altered; its lineage says which.',
  ],
] as [string, OpenedRow[], Partial<OpenedRun>, string][])('%s', (_what, rows, change, sentence) => {
  expect(say(rows, change)).toBe(sentence)
})

test('content of any form makes a sentence: a pipeline of another version, or a damaged detail, stops no list', () => {
  for (const kind of ['classify', 'decide', 'gate', 'review', 'act', 'retrieve', 'generate', 'extract'] as const)
    for (const ok of [null, 1, 'x', [], {}, { why: 1, ask: true }, { label: null, confidence: 'high' }])
      expect(say([row(`${kind}:x#0`, { kind, body: { s: { ok }, e: { detail: ok } } })])).toMatch(/^Running.*\.$/)
})

test('a model is named that answered, and one that is waited for: the run looks as if it stood still', () => {
  const model = { kind: 'model', digest: 'd', name: 'writer@0f1e' } as const
  const drafted = row('/generate:reply#0', {
    kind: 'generate',
    body: { s: { ok: { text: 'x' } }, e: { factors: [model], detail: { prompt: {} } } },
  })
  expect(say([drafted])).toBe('Running, because writer@0f1e answered reply.')
  const filled = row('/generate:reply#0', { kind: 'generate', body: { s: { ok: {} }, e: { factors: [model] } } })
  expect(say([filled])).toBe('Running.')
  const s = { error: { code: 'model/upstream-busy', message: 'm' } }
  const busy = row('/generate:reply#0', { kind: 'generate', phase: 'try2', outcome: 'failed', body: { s } })
  expect(say([{ ...busy, phase: 'try1' }, busy])).toBe(
    'Running: generate reply failed 2 times (model/upstream-busy) and is tried again.',
  )
})

test('a person is waited for, also where a timer runs beside', () => {
  const rows = [row('sleep:0#0', { kind: 'sleep', phase: 'open', outcome: 'pending' }), asked]
  expect(waitsForOf(run(rows), stepsOf(rows))).toEqual({ kind: 'person', item: 'rev_1', queue: 'money', why: ['rule'] })
})

test('a release is waited for by its run, with what was decided; a person who is asked beside it comes first', () => {
  const rows = [row('sleep:0#0', { kind: 'sleep', phase: 'open', outcome: 'pending' }), holdOf()]
  const waits = { kind: 'release', run: 'run_1', action: 'pay', queue: 'money', why: ['clear'] }
  expect(waitsForOf(run(rows), stepsOf(rows))).toEqual(waits)
  expect(waitsForOf(run([...rows, asked]), stepsOf([...rows, asked]))).toMatchObject({ kind: 'person' })
})

test('a run that has ended waits for nothing, whatever its last rows say', () => {
  expect(waitsForOf(run([asked], { state: 'cancelled' }), stepsOf([asked]))).toBeUndefined()
})

test('a step is its rows in one: attempts are counted, the evidence of each kept, its own end counts', () => {
  const factor = { kind: 'action', digest: 'a', name: 'pay' } as const
  const rows = [
    row('act:pay#0', {
      seq: 0,
      kind: 'act',
      phase: 'intent',
      outcome: 'pending',
      at: 1,
      body: { e: { factors: [factor] } },
    }),
    row('other:x#0', { seq: 1, at: 2 }),
    row('act:pay#0', { seq: 2, kind: 'act', phase: 'try1', outcome: 'failed', at: 3 }),
    row('act:pay#0', { seq: 3, kind: 'act', phase: 'try2', outcome: 'failed', at: 4 }),
    row('act:pay#0', { seq: 4, kind: 'act', at: 5, ms: 7, body: { s: { ok: 1 } } }),
    row('$end', { seq: 5 }),
  ]
  const steps = stepsOf(rows)
  expect(steps.map((step) => step.key)).toEqual(['act:pay#0', 'other:x#0'])
  expect(steps[0]).toMatchObject({
    resource: 'pay',
    state: 'done',
    retries: 2,
    began: 1,
    ended: 5,
    ms: 7,
    result: 1,
    factors: [factor],
  })
  const states = [1, 3, 4, 5].map((count) => stepsOf(rows.slice(0, count))[0]?.state)
  expect(states).toEqual(['running', 'retrying', 'retrying', 'done'])
})

test.each([
  ['classify:support-intent#0', 'support-intent'],
  ['line[3].item/act:pay:9f2a#1', 'pay'],
  ['$odd', '$odd'],
])('the resource of %s is %s', (key, resource) => {
  expect(stepsOf([row(key)])[0]?.resource ?? key).toBe(resource)
})
