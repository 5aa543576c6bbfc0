import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { systemClock } from '../core/clock.ts'
import { parseDuration } from '../core/duration.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { showMoney } from '../core/money.ts'
import { modelView, planView, routeHistory, routeView } from '../server/api/model-schemas.ts'
import { tryCommand } from './calls.ts'
import type { Client } from './client.ts'
import { type DataOptions, performOnServer, withData } from './command.ts'
import { moment } from './moments.ts'
import { cacheCommand } from './route-cache.ts'
import { armsCommand } from './route-arms.ts'
import type { Terminal } from './terminal.ts'

const short = (version: string): string => version.slice(0, 12)
const at = (route: string, rest = ''): string => `/routes/${encodeURIComponent(route)}${rest}`

/** `millrace models list | show | try`. */
export function modelsCommand(program: Command): void {
  const models = program.command('models').description('the models that routes may name')
  withData(models.command('list').description('each in the version that its name means')).action(
    (options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const found = await client.get('/models', z.object({ models: z.array(modelView) }))
        terminal.json(found)
        if (found.models.length === 0) return terminal.print('There are no models; millrace.config.ts declares them.')
        showModels(terminal, found.models)
      }),
  )
  withData(models.command('show').description('its versions, the newest first').argument('<model>')).action(
    (model: string, options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const found = await client.get(
          `/models/${encodeURIComponent(model)}`,
          z.object({ versions: z.array(modelView) }),
        )
        terminal.json(found)
        showModels(terminal, found.versions)
      }),
  )
  tryCommand(models)
}

function showModels(terminal: Terminal, models: readonly z.infer<typeof modelView>[]): void {
  terminal.table(
    ['model', 'version', 'provider', 'asks for', 'region', 'tier', 'may see'],
    models.map((one) => [
      one.model,
      short(one.version),
      one.provider,
      one.upstream,
      one.region ?? 'unknown',
      one.tier,
      one.sees.join(', '),
    ]),
  )
}

/** `millrace routes list | show | arms | set | plan | promote | rollback | cache`. */
export function routesCommand(program: Command): void {
  const routes = program.command('routes').description('where model calls are led, and what another way would do')
  withData(routes.command('list').description('each in the version that answers')).action((options: DataOptions) =>
    performOnServer(options, async (terminal, client) => {
      const found = await client.get('/routes', z.object({ routes: z.array(routeView) }))
      terminal.json(found)
      if (found.routes.length === 0) return terminal.print('There are no routes by way of the gateway.')
      terminal.table(['route', 'version', 'targets', 'fallback'], found.routes.map(rowOf))
    }),
  )
  withData(routes.command('show').description('its versions and every change').argument('<route>')).action(
    (route: string, options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const found = await client.get(at(route), routeHistory)
        terminal.json(found)
        showHistory(terminal, found)
      }),
  )
  armsCommand(routes)
  withData(routes.command('set').description('adds a version, which answers once it is promoted').argument('<route>'))
    .requiredOption('--file <json>', 'the route as millrace.config.ts would declare it')
    .action((route: string, options: DataOptions & { readonly file: string }) =>
      performOnServer(options, async (terminal, client) => {
        const added = await client.post(
          at(route, '/versions'),
          { declaration: readJson('--file', options.file) },
          routeView,
        )
        terminal.json(added)
        terminal.print(`${added.route} has the version ${short(added.version)}; plan it, then promote it.`)
      }),
    )
  withData(
    routes.command('plan').description('replays recorded calls on a proposal, without a model').argument('<route>'),
  )
    .option('--to <version>', 'the version that is proposed; the one that answers unless said')
    .option('--file <json>', 'a route that is proposed: added as a version first')
    .option('--prices <json>', 'a list of prices that are proposed')
    .option('--budgets <json>', 'a list of budgets that are proposed')
    .option('--since <duration>', 'how far back', since, '1d')
    .action((route: string, options: PlanOptions) =>
      performOnServer(options, async (terminal, client) => {
        const plan = await client.post(at(route, '/plans'), await proposalOf(client, route, options), planView)
        terminal.json(plan)
        showPlan(terminal, plan)
      }),
    )
  withData(routes.command('promote').description('the version answers, everywhere within two seconds'))
    .argument('<route>')
    .argument('<version>', 'the beginning of it will do')
    .option('--plan <plan>', 'the plan that was looked at; without one, one of the last day is made and kept')
    .action((route: string, version: string, options: DataOptions & { readonly plan?: string }) =>
      performOnServer(options, async (terminal, client) => {
        const { plan } = options
        const kept = await client.post(
          at(route, '/promote'),
          { version, ...(plan !== undefined && { plan }) },
          planView,
        )
        terminal.json(kept)
        showPlan(terminal, kept)
        terminal.print(
          `${kept.route} answers with ${short(kept.version)}. Back: millrace routes rollback ${kept.route}`,
        )
      }),
    )
  withData(routes.command('rollback').description('the version before answers again').argument('<route>')).action(
    (route: string, options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const back = await client.post(at(route, '/rollback'), {}, routeView)
        terminal.json(back)
        terminal.print(`${back.route} answers with ${short(back.version)} again.`)
      }),
  )
  cacheCommand(routes)
}

interface PlanOptions extends DataOptions {
  readonly to?: string
  readonly file?: string
  readonly prices?: string
  readonly budgets?: string
  readonly since: string
}

async function proposalOf(client: Client, route: string, options: PlanOptions): Promise<object> {
  const { budgets, file, prices } = options
  const added =
    file === undefined
      ? undefined
      : await client.post(at(route, '/versions'), { declaration: readJson('--file', file) }, routeView)
  const version = added?.version ?? options.to
  return {
    ...(version !== undefined && { version }),
    ...(prices !== undefined && { prices: readJson('--prices', prices) }),
    ...(budgets !== undefined && { budgets: readJson('--budgets', budgets) }),
    from: systemClock.today() - (parseDuration(options.since) ?? 0),
  }
}

function since(text: string): string {
  if (parseDuration(text) !== undefined) return text
  throw new InvalidArgumentError('Write 30m, 2h or 7d.')
}

function readJson(option: string, path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown // the server checks what it says
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : String(cause)
    throw new MillraceError(
      'cli/bad-option',
      { option, why: `${path} holds no JSON that can be read (${why})` },
      { cause },
    )
  }
}

function rowOf({ models, policy, route, version }: z.infer<typeof routeView>): (string | number)[] {
  const name = (one: { readonly version: string }): string => models[one.version] ?? short(one.version)
  const targets = policy.targets.map((one) => (policy.targets.length > 1 ? `${name(one)} (${one.weight})` : name(one)))
  return [route, short(version), targets.join(', '), policy.fallback.map(name).join(', ')]
}

function showHistory(terminal: Terminal, { current, revisions, versions }: z.infer<typeof routeHistory>): void {
  terminal.table(
    ['version', 'since', 'targets', 'fallback', ''],
    versions.map((one) => {
      const [, version = '', targets = '', fallback = ''] = rowOf(one)
      return [version, moment(one.created), targets, fallback, one.version === current ? 'answers' : '']
    }),
  )
  terminal.print()
  terminal.table(
    ['when', 'version', 'how', 'who', 'plan'],
    revisions.map((one) => [moment(one.at), short(one.version), one.how, one.actor ?? 'the project', one.plan ?? '']),
  )
}

/** The plan of a proposal in a few sentences and two tables. */
function showPlan(terminal: Terminal, { plan, result, version, window }: z.infer<typeof planView>): void {
  const { calls, moved, refused, refusedBefore, unavailable } = result
  terminal.print(
    `${plan}: version ${short(version)} over ${calls} calls from ${moment(window.from)} to ${moment(window.to)}`,
  )
  terminal.print(
    `${moved} calls move; ${refused} are refused (${refusedBefore} were); for ${unavailable} everyone was ill`,
  )
  for (const { currency, before, after, change } of result.costs) {
    const sign = change.startsWith('-') ? '' : '+'
    const show = (nano: string): string => showMoney(BigInt(nano), currency)
    terminal.print(`cost ${show(before)} -> ${show(after)} (${sign}${show(change)})`)
  }
  if (result.unpriced > 0) terminal.print(`of ${result.unpriced} answers the cost is not known, and in no sum`)
  if (result.estimated > 0) terminal.print(`${result.estimated} costs are estimates, by the tokens of another model`)
  if (result.assumedScores > 0) terminal.print(`${result.assumedScores} scores were taken to suffice`)
  if (result.moves.length > 0) {
    const name = (one: string | null): string => (one === null ? 'nobody' : short(one))
    terminal.print()
    terminal.table(
      ['from', 'to', 'calls'],
      result.moves.map((one) => [name(one.from), name(one.to), one.calls]),
    )
  }
  if (result.refusedBy.length > 0) {
    terminal.print()
    terminal.table(
      ['refused by', 'calls'],
      result.refusedBy.map((one) => [one.constraint, one.calls]),
    )
  }
  if (result.filtered.length > 0) {
    terminal.print()
    const rows = result.filtered.map((one) => [short(one.version), one.place, one.constraint, one.why, one.calls])
    terminal.table(['may not', 'as', 'constraint', 'why', 'calls'], rows)
  }
}
