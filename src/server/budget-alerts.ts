import { mainTenant } from '../core/ids.ts'
import { digestOf } from '../core/json.ts'
import type { Dispatcher } from '../intake/dispatcher.ts'
import type { Inbox } from '../intake/inbox.ts'
import type { CostAlert } from '../models/cost/reservation.ts'
import type { Pipelines } from '../execution/pipelines/registry.ts'
import { type Say, traceOf } from './log.ts'

const source = 'millrace/budgets'

interface Options {
  readonly inbox: Inbox
  readonly dispatcher: Dispatcher
  readonly pipelines: Pipelines
  readonly say: Say
}

/**
 * Makes events of the alerts of budgets, for the pipelines that are there for their type: `millrace.budget.warn`, and so of each kind. An alert is
 * one event, whoever tells it, since its id follows from what it says: of a threshold its budget and period, of an excess its reservation. Without
 * a pipeline for it, it stands in the log and the list of alerts alone.
 */
export function budgetAlerts({ dispatcher, inbox, pipelines, say }: Options): (alert: CostAlert) => void {
  const accept = async ({ amount, budget, kind, period, reservation, tenant }: CostAlert): Promise<void> => {
    if (tenant !== mainTenant) return // the inbox is its
    const type = `millrace.budget.${kind}`
    const takers = pipelines.takersOf(type)
    const data = { budget, period, kind, nano: String(amount), ...(reservation && { reservation }) }
    for (const pipeline of takers) {
      await pipelines.admit(pipeline, type, data)
      // An event has one run: several pipelines that take it have one event each.
      const id = digestOf([pipeline, kind, budget, period, reservation ?? ''])
      const event = { specversion: '1.0', id, source, type, data } as const
      await inbox.accept([{ event, pipeline, priority: 1, principal: undefined }])
    }
    if (takers.length > 0) dispatcher.nudge()
  }
  return (alert) =>
    void accept(alert).catch((error: unknown) =>
      say('', { event: 'cost-alert-not-taken', level: 'error', kind: alert.kind, ...traceOf(error) }),
    )
}
