import type { Clock } from '../core/clock.ts'
import { repeat } from '../execution/engine/housekeeping.ts'
import type { CallOutcome } from '../models/gateway/call-outcome.ts'
import type { ShadowComparison } from '../models/gateway/shadows.ts'
import type { Pool } from '../store/pool.ts'
import { ArmCounts } from '../telemetry/arm-counts.ts'
import { CallMeter } from '../telemetry/call-meter.ts'
import { LatencySketches } from '../telemetry/latency-sketches.ts'
import { keepMeasuresSmall } from '../telemetry/measure-upkeep.ts'
import { openTelemetry } from '../telemetry/open-telemetry.ts'
import type { Environment } from '../telemetry/otlp-settings.ts'
import { ShadowLog } from '../telemetry/shadow-log.ts'
import { type Say, traceOf } from './log.ts'

/** What is measured stands in the database so late. */
const flushEvery = 3000
const upkeepEvery = 600_000

export type CallTelemetry = Awaited<ReturnType<typeof openCallTelemetry>>

/**
 * What this process measures of model calls: for Prometheus at once, for percentiles and read-outs a few seconds later, and for a collector where the
 * environment names one. Errors: `server/bad-otlp`.
 */
export async function openCallTelemetry(o: {
  readonly pool: Pool
  readonly clock: Clock
  readonly process: string
  readonly env: Environment
  readonly say: Say
}) {
  const { clock, env, pool, process, say } = o
  const collector = await openTelemetry(env)
  const meter = new CallMeter()
  const latency = new LatencySketches({ pool, clock, process })
  const arms = new ArmCounts({ pool, clock, process })
  const shadows = new ShadowLog(pool)
  let wasAway = false
  /** An outage is told once; what was measured meanwhile is written after it. */
  const flush = async (): Promise<void> => {
    try {
      await latency.flush()
      await arms.flush()
      await shadows.flush()
      wasAway = false
    } catch (error) {
      if (!wasAway) say('', { event: 'measures-not-written', level: 'warn', ...traceOf(error) })
      wasAway = true
    }
  }
  const stops = [
    repeat(clock, flushEvery, flush),
    repeat(clock, upkeepEvery, () => keepMeasuresSmall(pool, clock.today())),
  ]
  return {
    meter,
    observe(outcome: CallOutcome): void {
      meter.observe(outcome)
      latency.observe(outcome)
      arms.observe(outcome)
      collector?.observe(outcome)
    },
    compare({ agrees, attempt, call, route, tenant, version }: ShadowComparison): void {
      const { cost, error, startedAt: at, total: ms } = attempt
      shadows.add({
        tenant,
        call,
        route,
        version,
        at,
        ms,
        ...(agrees !== undefined && { agrees }),
        ...(error !== undefined && { error }),
        ...(cost && { cost }),
      })
    },
    /** What was measured until now, for read-outs that cannot wait. */
    flush,
    async close(): Promise<void> {
      await Promise.all(stops.map((stop) => stop()))
      await flush()
      await collector?.close()
    },
  }
}
