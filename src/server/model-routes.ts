import { resolve } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { mainTenant } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { PriceBook } from '../models/cost/price-book.ts'
import { openLocal } from '../models/directory/local-directory.ts'
import { LiveRoutes } from '../models/routes/live-routes.ts'
import { type ModelVersion, versionOf } from '../models/routes/model-version.ts'
import { RoutePlanner } from '../models/routes/route-planner.ts'
import { type RouteAudit, RouteRegistry } from '../models/routes/route-registry.ts'
import { TrafficLog } from '../models/routes/traffic-log.ts'
import { gatewayRoutes } from '../sdk/models.ts'
import type { Pool } from '../store/pool.ts'
import type { Project } from './project.ts'

export type ModelRoutes = Awaited<ReturnType<typeof openModelRoutes>>

/**
 * The registry of models and routes with what the project declares in it, and what this process holds of it.
 * Errors: `model/no-such-model`, `model/bad-route`, `cost/bad-price`; of weights, those of their directory.
 */
export async function openModelRoutes(o: {
  readonly pool: Pool
  readonly audit: RouteAudit
  readonly project: Project
  readonly clock: Clock
  readonly random: Random
}) {
  const { pool, audit, project, clock, random } = o
  const { settings } = project
  const registry = new RouteRegistry({ pool, audit })
  await registry.declare({
    tenant: mainTenant,
    models: await declaredModels(project),
    routes: gatewayRoutes(settings.routes),
  })
  const live = await LiveRoutes.open({ pool, tenant: mainTenant, clock })
  const traffic = new TrafficLog({ pool })
  const prices = new PriceBook(settings.prices ?? [])
  const planner = new RoutePlanner({ pool, registry, traffic, prices, clock, random })
  return { registry, live, traffic, prices, planner, close: () => live.close() }
}

const declaredModels = ({ root, settings }: Project): Promise<ModelVersion[]> =>
  Promise.all(
    Object.entries(settings.models ?? {}).map(async ([name, declaration]) => {
      if (declaration.provider !== 'onnx') return versionOf(name, declaration)
      const { digest } = await openLocal(resolve(root, declaration.directory), declaration.parameters)
      return versionOf(name, declaration, digest)
    }),
  )
