import { type Command, Option } from 'commander'
import { showMoney } from '../core/money.ts'
import { budgetPage, budgetView } from '../server/api/budget-routes.ts'
import { type DataOptions, performOnServer, withData, wholeNumber } from './command.ts'
import { queryOf } from './query.ts'

interface SetOptions extends DataOptions {
  readonly cap?: string
  readonly currency?: string
  readonly period?: string
  readonly parent?: string
  readonly warn?: number
  readonly downgrade?: number
  readonly stop?: number
}

const percent = wholeNumber(1, 100)

/** `millrace budgets list | set`. */
export function budgetsCommand(program: Command): void {
  const budgets = program.command('budgets').description('what models may cost')
  withData(
    budgets.command('list', { isDefault: true }).description('each in its present period: cap, spent, held'),
  ).action(list)
  withData(budgets.command('set').description('change a budget, or add one; it counts at once'))
    .argument('<budget>')
    .option('--cap <amount>', 'units of its currency, such as 250')
    .option('--currency <code>', 'of a new one')
    .addOption(new Option('--period <period>', 'in UTC').choices(['day', 'week', 'month', 'all']))
    .option('--parent <budget>', 'that its spending counts in too')
    .option('--warn <percent>', 'spent, from which people are told', percent)
    .option('--downgrade <percent>', 'spent, from which what can be done cheaper is', percent)
    .option('--stop <percent>', 'that nothing may pass', percent)
    .action(set)
}

const list = (options: DataOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const found = []
    for (let after: string | undefined, isMore = true; isMore;) {
      const page = await client.get(`/budgets${queryOf({ after })}`, budgetPage)
      found.push(...page.budgets)
      after = page.next
      isMore = after !== undefined
    }
    terminal.json({ budgets: found })
    if (found.length === 0) return terminal.print('There are no budgets; millrace.config.ts declares them.')
    terminal.table(
      ['budget', 'under', 'period', 'cap', 'spent', 'held', 'standing'],
      found.map(({ cap, currency, held, id, parent = '', period, spent, standing }) => [
        id,
        parent,
        period,
        ...[cap, spent, held].map((nano) => showMoney(BigInt(nano), currency)),
        standing,
      ]),
    )
  })

const set = (budget: string, { data, json, ...change }: SetOptions): Promise<void> =>
  performOnServer({ ...(data !== undefined && { data }), ...(json && { json }) }, async (terminal, client) => {
    const after = await client.put(`/budgets/${encodeURIComponent(budget)}`, change, budgetView)
    terminal.json(after)
    terminal.print(
      `${after.id}: ${showMoney(BigInt(after.spent), after.currency)} of ${showMoney(BigInt(after.cap), after.currency)} is spent in ${after.period}.`,
    )
  })
