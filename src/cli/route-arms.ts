import type { Command } from 'commander'
import type { z } from 'zod'
import { armsView } from '../server/api/measure-schemas.ts'
import { type DataOptions, performOnServer, withData } from './command.ts'
import { queryOf } from './query.ts'

type Interval = Pick<z.infer<typeof armsView>['arms'][number]['p50'], 'value' | 'low' | 'high'>

/** `millrace routes arms`: how the arms of a route compare. */
export function armsCommand(routes: Command): void {
  withData(
    routes.command('arms').description('how its arms and shadows compare, with 95% intervals').argument('<route>'),
  )
    .option('--from <day>', 'the first day (UTC), as 2026-11-25')
    .option('--until <day>', 'the last day')
    .action((route: string, options: DataOptions & { readonly from?: string; readonly until?: string }) =>
      performOnServer(options, async (terminal, client) => {
        const { from, until } = options
        const found = await client.get(`/routes/${encodeURIComponent(route)}/arms${queryOf({ from, until })}`, armsView)
        terminal.json(found)
        if (found.arms.length === 0) return terminal.print('No call of this route was measured there.')
        terminal.table(
          ['arm', 'model version', 'calls', 'errors', 'misfits', 'overturned', 'P50 ms', 'P95 ms', 'cost a call'],
          found.arms.map((one) => [
            one.arm,
            one.version.slice(0, 12),
            one.calls,
            percent(one.errors),
            percent(one.schemaFailures),
            one.overturned ? `${percent(one.overturned)} of ${one.overturned.decided}` : 'nobody decided',
            whole(one.p50),
            whole(one.p95),
            one.costs.map((cost) => `${span(cost, (nano) => (nano / 1e9).toPrecision(3))} ${cost.currency}`).join(', '),
          ]),
        )
        if (found.shadows.length === 0) return
        terminal.print()
        terminal.table(
          ['shadow version', 'calls', 'failed', 'said the same', 'ms'],
          found.shadows.map((one) => [
            one.version.slice(0, 12),
            one.calls,
            percent(one.failed),
            one.agreed ? `${percent(one.agreed)} of ${one.agreed.compared}` : 'nothing to compare',
            Math.round(one.ms),
          ]),
        )
      }),
    )
}

const percent = (interval: Interval): string => span(interval, (share) => `${(share * 100).toFixed(1)}%`)
const whole = (interval: Interval): string => span(interval, (ms) => String(Math.round(ms)))

/** `12 (9 to 16)`; an end that is open is not told. */
const span = ({ high, low, value }: Interval, show: (value: number) => string): string =>
  low === null || high === null ? show(value) : `${show(value)} (${show(low)} to ${show(high)})`
