import { createRoute, z } from '@hono/zod-openapi'
import { type ModelVersion, nameOf } from '../../models/routes/model-version.ts'
import type { StoredPlan } from '../../models/routes/route-planner.ts'
import type { RouteVersion } from '../../models/routes/route-version.ts'
import type { Planes } from '../planes.ts'
import { type Api, type ApiContext, answers, asBody, makeApi, takes } from './api.ts'
import {
  modelView,
  newVersion,
  planRequest,
  planView,
  promotion,
  replayView,
  routeHistory,
  routeView,
} from './model-schemas.ts'

const parameter = (name: string) =>
  z
    .string()
    .max(100)
    .openapi({ param: { name, in: 'path' } })
const byModel = z.object({ model: parameter('model') })
const byRoute = z.object({ route: parameter('route') })
const byPlan = byRoute.extend({ plan: parameter('plan') })

const shownModel = ({ digest, ...rest }: ModelVersion) => ({ ...rest, version: digest })
const shownRoute = ({ digest, models, policy, route }: RouteVersion) => ({
  route,
  version: digest,
  policy,
  models: Object.fromEntries(Object.values(models).map((one) => [one.digest, nameOf(one)])),
})
const shownPlan = ({ base, digest, id, result, route, window }: StoredPlan) => ({
  plan: id,
  route,
  version: digest,
  ...(base !== undefined && { base }),
  window,
  result,
})

/** Models and routes: what there is, which version answers, and what another one would have done. */
export function modelRoutes({ modelRoutes: { live, planner, registry } }: Planes): Api {
  const asks = (c: ApiContext) => {
    const { person, tenant } = c.get('principal')
    return { tenant, actor: person.id }
  }
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/models',
        responses: { 200: answers(z.object({ models: z.array(modelView) }), 'What each name means now.') },
      }),
      async (c) => c.json(asBody({ models: (await registry.models(asks(c).tenant)).map(shownModel) }), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/models/{model}',
        request: { params: byModel },
        responses: { 200: answers(z.object({ versions: z.array(modelView) }), 'Its versions, the newest first.') },
      }),
      async (c) => {
        const versions = await registry.modelVersions(asks(c).tenant, c.req.valid('param').model)
        return c.json(asBody({ versions: versions.map(shownModel) }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/routes',
        responses: { 200: answers(z.object({ routes: z.array(routeView) }), 'Each in the version that answers.') },
      }),
      async (c) => c.json(asBody({ routes: (await registry.current(asks(c).tenant)).map(shownRoute) }), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/routes/{route}',
        request: { params: byRoute },
        responses: { 200: answers(routeHistory, 'Its versions and every change, the newest first.') },
      }),
      async (c) => {
        const { route } = c.req.valid('param')
        const { current, revisions, versions } = await registry.history(asks(c).tenant, route)
        return c.json(
          asBody({
            route,
            ...(current !== undefined && { current }),
            versions: versions.map((one) => ({ ...shownRoute(one), created: one.created })),
            revisions: revisions.map(({ digest, ...rest }) => ({ ...rest, version: digest })),
          }),
          200,
        )
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/routes/{route}/versions',
        request: { params: byRoute, body: takes(newVersion) },
        responses: { 200: answers(routeView, 'The version; it answers once it is promoted.') },
      }),
      async (c) => {
        const { declaration } = c.req.valid('json')
        const added = await registry.addVersion({ ...asks(c), ...c.req.valid('param'), declaration })
        return c.json(asBody(shownRoute(added)), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/routes/{route}/plans',
        request: { params: byRoute, body: takes(planRequest) },
        responses: {
          200: answers(planView, 'What the proposal would have made of the recorded calls; no model is asked.'),
        },
      }),
      async (c) => {
        const plan = await planner.plan({ tenant: asks(c).tenant, ...c.req.valid('param'), ...c.req.valid('json') })
        return c.json(asBody(shownPlan(plan)), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/routes/{route}/plans/{plan}',
        request: { params: byPlan },
        responses: { 200: answers(planView, 'As it was made.') },
      }),
      async (c) => c.json(asBody(shownPlan(await planner.show(asks(c).tenant, c.req.valid('param').plan))), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/routes/{route}/plans/{plan}/replay',
        request: { params: byPlan },
        responses: { 200: answers(replayView, 'The same calls again, and whether each came out as it did then.') },
      }),
      async (c) => c.json(asBody(await planner.again(asks(c).tenant, c.req.valid('param').plan)), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/routes/{route}/promote',
        request: { params: byRoute, body: takes(promotion) },
        responses: { 200: answers(planView, 'It answers; the plan that is kept with the promotion.') },
      }),
      async (c) => {
        const [{ actor, tenant }, { route }, { plan: looked, version }] = [
          asks(c),
          c.req.valid('param'),
          c.req.valid('json'),
        ]
        const plan =
          looked === undefined ? await planner.plan({ tenant, route, version }) : await planner.show(tenant, looked)
        await registry.promote({ tenant, actor, route, version, plan: plan.id })
        await live.refresh()
        return c.json(asBody(shownPlan(plan)), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/routes/{route}/rollback',
        request: { params: byRoute },
        responses: { 200: answers(routeView, 'The version before answers again.') },
      }),
      async (c) => {
        const back = await registry.rollBack({ ...asks(c), ...c.req.valid('param') })
        await live.refresh()
        return c.json(asBody(shownRoute(back)), 200)
      },
    )
}
