import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { mintId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { newKeyView } from '../server/api/key-routes.ts'
import { testServer, type TestServer } from '../server/testing.ts'
import { budgetsCommand } from './budgets.ts'
import { costCommand } from './cost.ts'
import { keysCommand } from './keys.ts'
import { runCli, type Written } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer({ budgets: [{ id: 'clients', currency: 'USD', period: 'all', cap: '2.5' }] })
})
afterAll(() => server.stop())

const cli = (...args: string[]): Promise<Written> =>
  runCli([budgetsCommand, costCommand, keysCommand], [...args, '--data', server.home])

test('a key for the gateway is made with all that it may do, listed with it, and revoked', async () => {
  const flags =
    '--for gateway --route chat --budget clients --requests 60 --tokens 9000 --at-once 4 --data-class internal'
  const made = await cli('keys', 'create', '--name', 'shop', '--expires-in', '90d', ...flags.split(' '), '--json')
  expect(made.code).toBe(0)
  const { key } = newKeyView.parse(JSON.parse(made.stdout))
  expect(key.grant).toEqual({
    routes: ['chat'],
    budgets: ['clients'],
    dataClass: 'internal',
    requests: 60,
    tokens: 9000,
    atOnce: 4,
  })
  expect((await cli('keys', 'list')).stdout).toContain(
    'models (chat; 60 requests/min; 9000 tokens/min; 4 at once; clients; internal data)',
  )
  expect((await cli('keys', 'revoke', key.id)).code).toBe(0)
})

test.each([
  [['--route', 'chat'], 2, '--for gateway'],
  [['--for', 'gateway', '--requests', '0'], 2, 'whole number'],
  [['--for', 'gateway', '--data-class', 'secret'], 2, 'Allowed choices'],
  [['--for', 'gateway', '--route', 'nobody'], 1, 'model/no-such-route'],
  [['--for', 'gateway', '--budget', 'nobody'], 1, 'cost/no-such-budget'],
])('a key with %j is not made', async (flags, code, words) => {
  const refused = await cli('keys', 'create', '--name', 'shop', ...flags)
  expect(refused.code).toBe(code)
  expect(refused.stderr).toContain(words)
})

test('budgets are shown, set and added, and a wrong one is told with its code', async () => {
  expect((await cli('budgets')).stdout).toMatch(/clients .*all .*2\.50 USD .*0\.00 USD .*normal/)
  expect((await cli('budgets', 'set', 'clients', '--cap', '7', '--warn', '80')).stdout).toBe(
    'clients: 0.00 USD of 7.00 USD is spent in all.\n',
  )
  const added = await cli(
    'budgets',
    'set',
    'shop',
    '--cap',
    '1',
    '--currency',
    'USD',
    '--period',
    'all',
    '--parent',
    'clients',
  )
  expect([added.code, added.stderr]).toEqual([0, ''])
  expect((await cli('budgets', 'list', '--json')).stdout).toContain('"parent":"clients"')
  expect((await cli('budgets', 'set', 'clients', '--parent', 'shop')).stderr).toContain('cost/bad-budget')
})

test('the report is a table or comma-separated values in which no key is a formula, and alerts are listed', async () => {
  await server.database.ownerPool.query(
    `insert into cost_day (t, dimension, key, currency, day, attempts, assumed, unknown, cost, input, output) values
      ('main', 'entity', 'customer/7', 'USD', current_date, 2, 1, 0, 1250000, 20, 5), ('main', 'entity', '=1+1', 'USD', current_date, 1, 0, 0, 9000000, 1, 1),
      ('main', 'entity', '', '', current_date, 1, 0, 1, 0, 0, 0)`,
  )
  expect((await cli('cost', 'report', '--by', 'entity', '--csv')).stdout).toBe(
    `entity,currency,cost,attempts,assumed,unknown,input,output\n'=1+1,USD,0.009,1,0,0,1,1\ncustomer/7,USD,0.00125,2,1,0,20,5\n,,,1,0,1,0,0\n`,
  )
  expect((await cli('cost', 'report', '--by', 'entity')).stdout).toMatch(/customer\/7 .*0\.00125 USD/)
  expect((await cli('cost', 'report')).code).toBe(2)
  expect((await cli('cost', 'report', '--by', 'entity', '--from', 'monday')).code).toBe(2)
  expect((await cli('cost', 'alerts')).stderr).toContain('no alerts')
})

test('a correction takes off as it adds, and of no reservation is told with its code', async () => {
  const id = mintId('res', systemClock.today(), systemRandom)
  const refused = await cli('cost', 'correct', id, '--amount', '-0.25', '--reason', 'a discount')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('cost/not-held')
})
