import type { Context } from 'hono'
import { contentType, expose, type Metric } from '../../telemetry/exposition.ts'
import type { Planes } from '../planes.ts'

/**
 * `GET /metrics`, for Prometheus. Like health it needs no key where the API listens on this machine alone: it names pipelines, queues and codes,
 * and no person. A database that does not answer takes its own figures away, not those of the process.
 */
export const metricsHandler =
  ({ errors, hold, meter, processMeter, queueMeter }: Planes) =>
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
    ]
    return c.body(expose(metrics), 200, { 'content-type': contentType })
  }

const flag = (name: string, help: string, isSet: boolean): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: [{ value: isSet ? 1 : 0 }],
})
