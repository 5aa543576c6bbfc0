import { expect, test } from 'vitest'
import { localRoutes, problemsOf, type RouteDeclaration } from '../../sdk/models.ts'
import { versionOf } from './model-version.ts'
import { testModel, testRoute } from './testing.ts'

const models = [testModel('small'), testModel('large')]

test('a version follows from what is said: not from order, spelling of defaults, or keys', () => {
  const plain = versionOf('m', { provider: 'openai', model: 'gpt', sees: ['internal', 'public'] })
  const same = versionOf('m', {
    sees: ['public', 'internal'],
    keys: ['env:KEY'],
    tier: 'standard',
    parameters: {},
    model: 'gpt',
    provider: 'openai',
  })
  expect(same.digest).toBe(plain.digest)
  expect(versionOf('m', { provider: 'openai', model: 'gpt', sees: ['public'] }).digest).not.toBe(plain.digest)
  expect(
    versionOf('m', { provider: 'openai', model: 'gpt', sees: ['public', 'internal'], parameters: { temperature: 0 } })
      .digest,
  ).not.toBe(plain.digest)
  const at = (url: string) => versionOf('m', { provider: 'openai-compatible', model: 'x', url }).digest
  expect(at('http://h:1/v1/')).toBe(at('http://h:1/v1'))
})

test('a route’s version changes with the version of a model that it names', () => {
  const declaration: RouteDeclaration = { targets: ['small'], fallback: ['large'] }
  const version = testRoute(declaration, models)
  expect(testRoute({ fallback: [{ model: 'large' }], targets: [{ model: 'small', weight: 1 }] }, models).digest).toBe(
    version.digest,
  )
  const other = testModel('small', { region: 'eu' })
  expect(testRoute(declaration, [other, testModel('large')]).digest).not.toBe(version.digest)
})

test('a target’s own timeouts and hang-up stand before the route’s', () => {
  const { policy } = testRoute(
    {
      targets: [{ model: 'small', timeouts: { total: '10s' }, onHangUp: 'drain' }],
      fallback: ['large'],
      timeouts: { total: '1m', idle: '5s' },
    },
    models,
  )
  expect(policy.targets[0]).toMatchObject({ timeouts: { total: 10_000, idle: 5000 }, onHangUp: 'drain' })
  expect(policy.fallback[0]).toMatchObject({ timeouts: { total: 60_000, idle: 5000 }, onHangUp: 'cancel' })
})

test('a project’s mistakes are named by their fields, and the routes within the process are as they were', () => {
  const good = { intent: { classifier: './models/x' }, draft: { template: true } } as const
  expect(problemsOf({ routes: { ...good, chat: { targets: ['small'] } }, models: {} })).toEqual([])
  expect(localRoutes({ ...good, chat: { targets: ['small'] } })).toEqual(good)
  const problems = problemsOf({
    models: {
      Big: { provider: 'openai', model: 'x' },
      keyed: { provider: 'openai-compatible', model: 'x', url: 'http://user:secret@h/v1' },
      plain: { provider: 'openai', model: 'x', keys: ['sk-very-secret'] },
    },
    routes: {
      chat: { targets: ['small', { model: 'small', weight: 2 }] },
      none: { targets: [{ model: 'small', weight: 0 }] },
      odd: { targets: ['small'], timeouts: { total: 'soon' }, falback: [] } as never, // a mistake that the compiler would find
    },
  })
  expect(problems.map((one) => one.split(':')[0])).toEqual([
    'models.Big',
    'models.keyed.url',
    'models.plain.keys.0',
    'routes.chat.targets',
    'routes.none.targets',
    'routes.odd.timeouts.total',
    'routes.odd',
  ])
  expect(problems.join()).not.toContain('secret')
})

test('how long answers are kept is part of the version, in milliseconds, and a route that keeps none has the version it had', () => {
  const plain = testRoute({ targets: ['small'] }, models)
  const caching = testRoute({ targets: ['small'], cache: { exact: '1h', semantic: { for: '10m' } } }, models)
  expect(plain.policy).not.toHaveProperty('cache')
  expect(caching.policy.cache).toEqual({
    exact: 3_600_000,
    semantic: { for: 600_000, least: 0.85, model: 'mini-en' },
  })
  expect(caching.digest).not.toBe(plain.digest)
  expect(() => testRoute({ targets: ['small'], cache: {} }, models)).toThrow(/say exact/)
})
