import { type Command, InvalidArgumentError, Option } from 'commander'
import type { z } from 'zod'
import { showMoney } from '../core/money.ts'
import { digestOf } from '../core/json.ts'
import { alertPage, correctionView, costPage, dimensions } from '../server/api/cost-routes.ts'
import { type DataOptions, performOnServer, withData, wholeNumber } from './command.ts'
import { moment } from './moments.ts'
import { queryOf } from './query.ts'

type Line = z.infer<typeof costPage>['lines'][number]

interface ReportOptions extends DataOptions {
  readonly by: string
  readonly from?: string
  readonly until?: string
  readonly csv?: boolean
}

/** `millrace cost report | alerts | correct`. */
export function costCommand(program: Command): void {
  const cost = program.command('cost').description('what models cost')
  withData(cost.command('report').description('what calls cost that have ended, the dearest first'))
    .addOption(new Option('--by <what>', 'what to sum by').choices([...dimensions]).makeOptionMandatory())
    .option('--from <day>', 'the first day, in UTC (default a month before the last)', day)
    .option('--until <day>', 'the last day (default today)', day)
    .option('--csv', 'as comma-separated values')
    .action(report)
  withData(cost.command('alerts').description('thresholds that were passed and calls that were refused'))
    .option('--limit <number>', 'at most so many (default 50)', wholeNumber(1, 500))
    .action(alerts)
  withData(cost.command('correct').description('book what turned out later to be owed, or not owed, for an attempt'))
    .argument('<reservation>', 'res_…')
    .requiredOption('--amount <amount>', 'units of its currency, added; with a minus taken off: -0.25')
    .requiredOption('--reason <text>', 'why')
    .option('--key <text>', 'names it: told twice, it is booked once (default by amount and reason)')
    .action(correct)
}

const report = ({ by, csv, from, until, ...options }: ReportOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const lines: Line[] = []
    let days: { readonly from: string; readonly until: string } | undefined
    for (let next: { key: string; currency: string } | undefined, isMore = true; isMore;) {
      const query = { by, from, until, order: 'key', limit: 500, afterKey: next?.key, afterCurrency: next?.currency }
      const page = await client.get(`/cost${queryOf(query)}`, costPage)
      lines.push(...page.lines)
      days = page
      next = page.next
      isMore = next !== undefined
    }
    lines.sort((a, b) => Number(BigInt(b.cost) - BigInt(a.cost)))
    const said = { from: days?.from ?? '', until: days?.until ?? '', lines }
    terminal.json(said)
    if (terminal.isJson) return
    if (csv) return terminal.print(csvOf(by, lines))
    terminal.table(
      [by, 'cost', 'attempts', 'assumed', 'unknown', 'tokens in', 'tokens out'],
      lines.map((one) => [
        one.key || '(none)',
        one.currency === '' ? 'unknown' : showMoney(BigInt(one.cost), one.currency),
        ...[one.attempts, one.assumed, one.unknown, one.input, one.output].map(String),
      ]),
    )
    terminal.say(`From ${said.from} until ${said.until}, in UTC.`)
  })

const alerts = ({ limit, ...options }: DataOptions & { readonly limit?: number }): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const found = await client.get(`/cost/alerts${queryOf({ limit })}`, alertPage)
    terminal.json(found)
    terminal.table(
      ['at', 'kind', 'budget', 'period', 'reservation'],
      found.alerts.map(({ at, budget, kind, period, reservation = '' }) => [
        moment(at),
        kind,
        budget,
        period,
        reservation,
      ]),
    )
    if (found.alerts.length === 0) terminal.say('There are no alerts.')
  })

function correct(
  reservation: string,
  options: DataOptions & { readonly amount: string; readonly reason: string; readonly key?: string },
): Promise<void> {
  const { amount, key = digestOf([amount, options.reason]).slice(0, 32), reason } = options
  return performOnServer(options, async (terminal, client) => {
    const path = `/cost/reservations/${encodeURIComponent(reservation)}/corrections`
    const booked = await client.post(path, { key, amount, reason }, correctionView)
    terminal.json(booked)
    terminal.print(booked.isNew ? `Booked on ${booked.reservation}.` : `It was booked on ${booked.reservation} before.`)
  })
}

/** Amounts with their decimal point alone, for spreadsheets; a text that a spreadsheet would take for a formula is none (CWE-1236). */
function csvOf(by: string, lines: readonly Line[]): string {
  const quoted = (text: string): string => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  const rows = lines.map((one) => [
    quoted(one.key),
    one.currency,
    one.currency === '' ? '' : showMoney(BigInt(one.cost), '').trim(),
    ...[one.attempts, one.assumed, one.unknown, one.input, one.output].map(String),
  ])
  const head = [by, 'currency', 'cost', 'attempts', 'assumed', 'unknown', 'input', 'output']
  return [head, ...rows].map((row) => row.join(',')).join('\n')
}

function day(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('It must be a day such as 2026-11-25.')
  return text
}
