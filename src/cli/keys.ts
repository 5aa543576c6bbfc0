import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { parseDuration } from '../core/duration.ts'
import { type DataClass, dataClasses } from '../sdk/models.ts'
import { keyView, newKeyView } from '../server/api/key-routes.ts'
import { type DataOptions, performOnServer, withData, wholeNumber } from './command.ts'

interface CreateOptions extends DataOptions {
  readonly name: string
  readonly for: 'api' | 'gateway'
  readonly expiresIn?: number
  readonly route?: readonly string[]
  readonly budget?: readonly string[]
  readonly requests?: number
  readonly tokens?: number
  readonly atOnce?: number
  readonly dataClass?: DataClass
}

const aMinute = wholeNumber(1, 1_000_000_000)
const each = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

/** `millrace keys list | create | revoke`. */
export function keysCommand(program: Command): void {
  const keys = program.command('keys').description('keys of people for the API, and of clients for models')
  withData(keys.command('list').description('all of them, without secrets')).action((options: DataOptions) =>
    performOnServer(options, async (terminal, client) => {
      const found = await client.get('/keys', z.object({ keys: z.array(keyView) }))
      terminal.json(found)
      terminal.table(
        ['key', 'person', 'name', 'for', 'state'],
        found.keys.map((key) => [key.id, key.person, key.name, purposeOf(key), stateOf(key)]),
      )
    }),
  )
  withData(keys.command('create').description('make a key; its secret is shown once'))
    .argument('[person]', 'per_…: who answers for it; you, unless said')
    .requiredOption('--name <text>', 'what it is for')
    .option('--expires-in <duration>', '30m, 12h, 90d', duration)
    .addOption(
      new Option('--for <use>', 'the API, or models by way of the gateway and nothing else')
        .choices(['api', 'gateway'])
        .default('api'),
    )
    .option('--route <route>', 'for the gateway: that it may ask; may be repeated (default every route)', each)
    .option('--budget <budget>', 'for the gateway: that its calls are held against too; may be repeated', each)
    .option('--requests <number>', 'for the gateway: a minute', aMinute)
    .option('--tokens <number>', 'for the gateway: a minute, read and written together', aMinute)
    .option('--at-once <number>', 'for the gateway: calls at once', aMinute)
    .addOption(
      new Option('--data-class <class>', 'for the gateway: what its data may be (default special)').choices([
        ...dataClasses,
      ]),
    )
    .action((person: string | undefined, options: CreateOptions, command: Command) => create(person, options, command))
  withData(keys.command('revoke').description('end a key at once').argument('<key>', 'key_…')).action(
    (key: string, options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const revoked = await client.post(`/keys/${encodeURIComponent(key)}/revoke`, {}, keyView)
        terminal.json(revoked)
        terminal.print(`${revoked.id} opens nothing any more.`)
      }),
  )
}

function create(person: string | undefined, options: CreateOptions, command: Command): Promise<void> {
  const { atOnce, budget, dataClass, expiresIn, for: use, name, requests, route, tokens } = options
  const grant = { routes: route, budgets: budget, dataClass, requests, tokens, atOnce }
  if (use === 'api' && Object.values(grant).some((one) => one !== undefined))
    command.error('error: what a key may do with models goes with --for gateway', { exitCode: 2 })
  return performOnServer(options, async (terminal, client) => {
    const body = {
      person,
      name,
      ...(expiresIn !== undefined && { expires: Date.now() + expiresIn }),
      ...(use === 'gateway' && { grant }),
    }
    const made = await client.post('/keys', body, newKeyView)
    terminal.json(made)
    terminal.print(made.secret)
    const advice = use === 'gateway' ? 'Give it to the client as its API key.' : 'Use it as MILLRACE_KEY.'
    terminal.say(`${made.key.id}; the secret is not shown again. ${advice}`)
  })
}

type Key = z.infer<typeof keyView>

function stateOf({ expires, revoked }: Key): string {
  if (revoked !== undefined) return `revoked ${new Date(revoked).toISOString()}`
  return expires === undefined ? 'valid' : `valid until ${new Date(expires).toISOString()}`
}

/** `models: chat, talk; at most 60 requests, 10000 tokens, 4 at once; data internal`. */
function purposeOf({ grant }: Key): string {
  if (!grant) return 'api'
  const { atOnce, budgets, dataClass, requests, routes, tokens } = grant
  const limits = [
    requests === undefined ? '' : `${requests} requests/min`,
    tokens === undefined ? '' : `${tokens} tokens/min`,
    atOnce === undefined ? '' : `${atOnce} at once`,
    ...budgets,
    `${dataClass} data`,
  ]
  return `models (${[routes?.join(', ') ?? 'every route', ...limits].filter((one) => one !== '').join('; ')})`
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('It must be a duration as 30m, 12h or 90d.')
  return ms
}
