import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { AllowList, type StepQuestion } from './allow-list.ts'

const ask = (pipeline: string, kind: string, name: string): StepQuestion => ({ pipeline, kind, resource: { name } })
const list = (...steps: string[]): AllowList => new AllowList([{ pipeline: 'triage', steps }])

test('what is named is allowed, by its name, by its kind or as a whole', async () => {
  for (const [steps, by] of [
    ['classify:intent', 'classify:intent'],
    ['classify:*', 'classify:*'],
    ['*', '*'],
  ] as const)
    expect(await list(steps).decide(ask('triage', 'classify', 'intent'))).toMatchObject({
      allowed: true,
      reason: `allowed by ${by}`,
    })
  expect((await new AllowList([{ pipeline: 'triage', steps: '*' }]).decide(ask('triage', 'act', 'x'))).allowed).toBe(
    true,
  )
})

test('the gate of an effect is allowed with it; the gate alone allows no effect', async () => {
  const asks = async (steps: string, kind: string): Promise<boolean> =>
    (await list(steps).decide(ask('triage', kind, 'send'))).allowed
  expect(await asks('act:send', 'gate')).toBe(true)
  expect(await asks('act:send', 'act')).toBe(true)
  expect(await asks('gate:send', 'gate')).toBe(true)
  expect(await asks('gate:send', 'act')).toBe(false)
})

test('what is not named is denied, whatever it is called', async () => {
  const policy = list('act:send', 'classify:*')
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string(), fc.string(), async (pipeline, kind, name) => {
      const isNamed = pipeline === 'triage' && (kind === 'classify' || (/^(?:act|gate)$/.test(kind) && name === 'send'))
      expect((await policy.decide(ask(pipeline, kind, name))).allowed).toBe(isNamed)
    }),
  )
  for (const name of ['*', '__proto__', 'constructor', 'send ', 'SEND'])
    expect((await policy.decide(ask('triage', 'act', name))).allowed).toBe(false)
  expect((await new AllowList([]).decide(ask('triage', 'act', 'send'))).reason).toMatch(/does not name the pipeline/)
})

test('a question that cannot be read is denied', async () => {
  const broken = { pipeline: 'triage', kind: 'act' } as StepQuestion // no resource, as untyped code could ask
  expect(await list('*').decide(broken)).toMatchObject({ allowed: false, reason: 'the policy could not be evaluated' })
})

test.each([
  ['nothing', undefined],
  ['a text', '*'],
  ['an unknown field', [{ pipeline: 'triage', steps: '*', allow: true }]],
  ['a pipeline of every name', [{ pipeline: '*', steps: '*' }]],
  ['no steps', [{ pipeline: 'triage' }]],
  ['a misspelt kind', [{ pipeline: 'triage', steps: ['clasify:intent'] }]],
  ['a step without a kind', [{ pipeline: 'triage', steps: ['intent'] }]],
  ['a pattern that is none', [{ pipeline: 'triage', steps: ['act:send-*'] }]],
  ['a line break', [{ pipeline: 'triage', steps: ['act:send\n'] }]],
  ['a number', [{ pipeline: 'triage', steps: [7] }]],
])('a policy with %s is refused with every problem', (_, allow) => {
  expect(() => new AllowList(allow)).toThrow(expect.toSatisfy((e) => isMillraceError(e, 'governance/bad-policy')))
})

test('every problem is named where it stands', () => {
  expect(
    () =>
      new AllowList([
        { pipeline: 'a', steps: ['act:x', 'y'] },
        { pipeline: '', steps: 3 },
      ]),
  ).toThrow(/allow\.0\.steps.*allow\.1\.pipeline.*allow\.1\.steps/s)
})

test('the version is the digest of the content: an edit is another version, the same text is not', () => {
  const digest = (...steps: string[]): string => list(...steps).version.digest
  expect(digest('act:a')).toBe(digest('act:a'))
  expect(digest('act:a')).not.toBe(digest('act:b'))
  expect(digest('act:a')).not.toBe(digest('act:a', 'act:b'))
})
