import type { Context } from 'hono'
import { nameOf } from '../../models/routes/model-version.ts'
import type { TargetState } from '../../telemetry/call-meter.ts'
import { contentType, expose, type Metric } from '../../telemetry/exposition.ts'
import type { Planes } from '../planes.ts'

/**
 * `GET /metrics`, for Prometheus. Like health it needs no key where the API listens on this machine alone: it names pipelines, queues and codes,
 * and no person. A database that does not answer takes its own figures away, not those of the process.
 */
export const metricsHandler =
  ({ errors, gateway, hold, meter, modelRoutes, processMeter, queueMeter, telemetry }: Planes) =>
  async (c: Context): Promise<Response> => {
    const fromDatabase = Promise.all([queueMeter.metrics(), hold.read()]).catch(() => undefined)
    const [queues, held] = (await fromDatabase) ?? []
    const metrics: readonly Metric[] = [
      flag('millrace_database_up', 'Whether the database answers.', queues !== undefined),
      ...(queues
        ? [...queues, flag('millrace_effects_held', 'Whether effects are held after a restore.', held !== undefined)]
        : []),
      ...meter.metrics(),
      ...errors.metrics(),
      ...processMeter.metrics(),
      ...telemetry.meter.metrics(targetStates(gateway, modelRoutes)),
    ]
    return c.body(expose(metrics), 200, { 'content-type': contentType })
  }

const flag = (name: string, help: string, isSet: boolean): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: [{ value: isSet ? 1 : 0 }],
})

/** Of the models that this process has asked, by their names. */
function targetStates({ targets }: Planes['gateway'], { live }: Planes['modelRoutes']): readonly TargetState[] {
  const names = new Map(live.all.flatMap(({ models }) => Object.values(models).map((one) => [one.digest, nameOf(one)])))
  return Object.entries(targets.health()).flatMap(([digest, { admission, breaker, keys }]) => {
    const model = names.get(digest)
    if (model === undefined) return [] // no route names it any more
    const { running, shed, waiting } = admission
    return {
      model,
      isBreakerOpen: !breaker.isPermitted,
      keys: keys.keys,
      usableKeys: keys.usable,
      running,
      waiting,
      shed: shed.reduce((sum, count) => sum + count, 0),
    }
  })
}
