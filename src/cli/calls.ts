import type { Command } from 'commander'
import { z } from 'zod'
import { systemClock } from '../core/clock.ts'
import { parseDuration } from '../core/duration.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { showMoney } from '../core/money.ts'
import { callPage, callView, trialView } from '../server/api/call-schemas.ts'
import { latencyView } from '../server/api/measure-schemas.ts'
import { type DataOptions, performOnServer, withData } from './command.ts'
import { moment } from './moments.ts'
import { queryOf } from './query.ts'
import type { Terminal } from './terminal.ts'

type Call = z.infer<typeof callView>

/** `millrace calls list | latency | show`: the lineage of model calls. */
export function callsCommand(program: Command): void {
  const calls = program.command('calls').description('calls of models: by whom, by which way, at what cost')
  withData(calls.command('list').description('the newest first'))
    .option('--route <route>', 'of this route alone')
    .option('--run <run>', 'of this run alone')
    .option('--limit <n>', 'how many', '20')
    .action((options: DataOptions & { readonly route?: string; readonly run?: string; readonly limit: string }) =>
      performOnServer(options, async (terminal, client) => {
        const { limit, route, run } = options
        const found = await client.get(`/calls${queryOf({ route, run, limit })}`, callPage)
        terminal.json(found)
        if (found.calls.length === 0) return terminal.print('No call is recorded there.')
        terminal.table(
          ['call', 'when', 'route', 'answered by', 'why', 'ms', 'cost', ''],
          found.calls.map((call) => [
            call.id,
            moment(call.startedAt),
            call.route,
            whoOf(call),
            call.answered?.reason ?? '',
            Math.round(call.total),
            costOf(call.cost),
            call.error?.code ?? '',
          ]),
        )
      }),
    )
  withData(calls.command('latency').description('P50, P95 and P99, of the last day unless said'))
    .option('--by <group>', 'route, model or task', 'route')
    .option('--since <duration>', 'how far back: 30m, 2h, 7d', '1d')
    .action((options: DataOptions & { readonly by: string; readonly since: string }) =>
      performOnServer(options, async (terminal, client) => {
        const ago = parseDuration(options.since)
        if (ago === undefined)
          throw new MillraceError('cli/bad-option', { option: '--since', why: 'write 30m, 2h or 7d' })
        const from = Math.max(0, systemClock.today() - ago)
        const found = await client.get(`/measures/latency${queryOf({ by: options.by, from })}`, latencyView)
        terminal.json(found)
        if (found.figures.length === 0) return terminal.print('No call was measured there.')
        terminal.table(
          [found.by, 'dialect', 'calls', 'P50 ms', 'P95 ms', 'P99 ms', 'first content P95'],
          found.figures.map(({ dialect = '', firstContent, name, total }) => [
            name || '(none)',
            dialect,
            total.count,
            Math.round(total.p50),
            Math.round(total.p95),
            Math.round(total.p99),
            firstContent ? Math.round(firstContent.p95) : '',
          ]),
        )
      }),
    )
  withData(calls.command('show').description('one call, with each of its attempts').argument('<call>')).action(
    (id: string, options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const call = await client.get(`/calls/${encodeURIComponent(id)}`, callView)
        terminal.json(call)
        showCall(terminal, call)
      }),
  )
}

/** `millrace models try`: one question to a route, with the lineage of its answer. */
export function tryCommand(models: Command): void {
  withData(models.command('try').description('asks a route one question, and shows how it was answered'))
    .argument('<route>')
    .argument('<text>')
    .option('--system <text>', 'what the model is told first')
    .option('--data-class <class>', 'what the text may be: public, internal, personal, special', 'special')
    .option('--entity <key>', 'the business key whose arm is asked')
    .action(
      (
        route: string,
        text: string,
        options: DataOptions & { readonly system?: string; readonly dataClass: string; readonly entity?: string },
      ) =>
        performOnServer(options, async (terminal, client) => {
          const { dataClass, entity, system } = options
          const body = {
            text,
            dataClass,
            ...(system !== undefined && { system }),
            ...(entity !== undefined && { entity }),
          }
          const tried = await client.post(`/routes/${encodeURIComponent(route)}/try`, body, trialView)
          terminal.json(tried)
          terminal.print(tried.text)
          terminal.print()
          showCall(terminal, tried.call)
        }),
    )
}

function showCall(terminal: Terminal, call: Call): void {
  terminal.print(`${call.id}: ${call.asked} was asked in ${call.dialect}, ${moment(call.startedAt)}.`)
  const { answered, cache, error } = call
  if (cache) terminal.print(`The answer to ${cache.from} stood for this one (${cache.kind}).`)
  if (answered)
    terminal.print(
      `${answered.model}@${answered.version.slice(0, 12)} answered (${answered.reason}), in ${Math.round(call.total)} ms, for ${costOf(call.cost)}.`,
    )
  if (error) terminal.print(`It failed with ${error.code} (${error.kind}).`)
  if (call.attempts.length === 0) return
  terminal.print()
  terminal.table(
    ['attempt', 'why', 'model', 'ms', 'input', 'output', 'cost', ''],
    call.attempts.map((one) => [
      one.reservation,
      one.kind,
      `${one.model}@${one.version.slice(0, 12)}`,
      Math.round(one.total),
      one.usage ? one.usage.input + one.usage.cacheRead + one.usage.cacheWrite + one.usage.cacheWriteLong : '',
      one.usage ? one.usage.output + one.usage.reasoning : '',
      costOf(one.cost),
      one.error ?? '',
    ]),
  )
}

const whoOf = ({ answered, cache }: Call): string => (cache ? `kept (${cache.kind})` : (answered?.model ?? ''))
const costOf = (cost: Call['cost']): string => (cost ? showMoney(BigInt(cost.nano), cost.currency) : 'unknown')
