import type { Clock } from '../core/clock.ts'
import { mainTenant, type ProcessId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { repeat } from '../execution/engine/housekeeping.ts'
import { BudgetLevels } from '../models/cost/budget-levels.ts'
import { declareBudgets } from '../models/cost/budgets.ts'
import type { CostAlert } from '../models/cost/reservation.ts'
import { SpendLedger } from '../models/cost/spend-ledger.ts'
import type { Caller } from '../models/gateway/caller.ts'
import { Gateway, type GatewayParts } from '../models/gateway/gateway.ts'
import { CallRecorder } from '../models/gateway/recorder.ts'
import { answerLocally } from '../models/local/answer.ts'
import { LocalModels } from '../models/local/local-models.ts'
import { Targets } from '../models/providers/targets.ts'
import { Upstream } from '../models/providers/upstream.ts'
import type { ModelVersion } from '../models/routes/model-version.ts'
import type { Settings } from '../sdk/config.ts'
import type { Pool } from '../store/pool.ts'
import type { CallTelemetry } from './call-telemetry.ts'
import { type Say, traceOf } from './log.ts'
import type { ModelRoutes } from './model-routes.ts'

/** What dead processes held is looked for so often. */
const recoverEvery = 10_000
/** A process whose row is older counts as dead after half a minute: what it holds would be assumed. */
const beatEvery = 5000
/** A budget that another process put under another one counts there at once; a record names it after so long. */
const levelsEvery = 5000

export type ModelGateway = Awaited<ReturnType<typeof openGateway>>

/** The gateway with its money, as this process has it. Errors: those of `declareBudgets`. */
export async function openGateway(o: {
  readonly pool: Pool
  readonly modelRoutes: ModelRoutes
  readonly settings: Settings
  /** Where the project lies. */
  readonly root: string
  readonly answers: GatewayParts['answers']
  readonly stored: GatewayParts['stored']
  readonly commit: (bytes: Buffer) => string
  readonly process: ProcessId
  readonly beat: (process: ProcessId) => Promise<void>
  readonly say: Say
  /** Hears of each alert beside the log, once, in the process that caused it. It may not throw. */
  readonly onAlert?: (alert: CostAlert) => void
  readonly telemetry: Pick<CallTelemetry, 'observe' | 'compare'>
  readonly clock: Clock
  readonly random: Random
}) {
  const { answers, commit, root, stored, telemetry } = o
  const { pool, modelRoutes, settings, process, beat, say, clock, random } = o
  await declareBudgets(pool, mainTenant, settings.budgets ?? [])
  await beat(process)
  const onAlert = (alert: CostAlert): void => {
    const { amount, budget, kind, period } = alert
    say('', { event: 'cost-alert', level: 'warn', kind, budget, period, nano: String(amount) })
    o.onAlert?.(alert)
  }
  const spend = new SpendLedger({ pool, clock, random, process, onAlert })
  const upstream = new Upstream({ clock })
  const local = new LocalModels({ root, ...settings.inference })
  const targets = new Targets(clock)
  const levels = await BudgetLevels.open(pool, mainTenant)
  const recorder = new CallRecorder({
    traffic: modelRoutes.traffic,
    clock,
    onLost: (call, error) => say('', { event: 'call-not-recorded', level: 'error', call, ...traceOf(error) }),
  })
  const gateway = new Gateway({
    routes: modelRoutes.live,
    targets,
    upstream,
    prices: modelRoutes.prices,
    spend,
    keysOf: ({ model }) => {
      const declared = settings.models?.[model]
      return declared && 'keys' in declared ? (declared.keys ?? []) : []
    },
    clock,
    random,
    record: (record, outcome) => recorder.add(record, outcome),
    onCall: (outcome) => telemetry.observe(outcome),
    onShadow: (comparison) => telemetry.compare(comparison),
    levelsOf: (ids) => levels.of(ids),
    currencyOf: (ids) => levels.currencyOf(ids),
    local: { answer: (...asked) => answerLocally(local, ...asked) },
    commit,
    onUnkept: (call, error) => say('', { event: 'response-not-kept', level: 'error', call, ...traceOf(error) }),
    ...(answers && { answers }),
    ...(stored && { stored }),
  })
  const stops = [
    repeat(clock, recoverEvery, async () => void (await spend.recover())),
    repeat(clock, beatEvery, () => beat(process)),
    repeat(clock, levelsEvery, () => levels.refresh()),
  ]
  const { budgets = [], dataClass = 'special' } = settings.gateway ?? {}
  /** What every key's calls are held to. */
  const caller: Omit<Caller, 'tenant'> = { budgets, dataClass, priority: 1, facts: {} }
  return {
    gateway,
    caller,
    targets,
    /** Of a model within this process, which is loaded for it. */
    describe: (model: ModelVersion) => local.describe(model),
    onAlert,
    /** Calls over HTTP are taken: the project says what they are held to. */
    isOpen: settings.gateway !== undefined,
    async close(): Promise<void> {
      await upstream.close()
      await gateway.idle()
      await recorder.idle()
      await Promise.all(stops.map((stop) => stop()))
      await local.close()
    },
  }
}
