import type { ModelDeclaration, RouteDeclaration } from '../../sdk/models.ts'
import type { RequestFacts, RouteInputs } from './facts.ts'
import { type ModelVersion, versionOf } from './model-version.ts'
import { routeVersionOf, type RouteVersion } from './route-version.ts'

/** A model that may see everything, unless more is said. */
export const testModel = (
  model: string,
  over: Partial<Extract<ModelDeclaration, { provider: 'openai' }>> = {},
): ModelVersion =>
  versionOf(model, { provider: 'openai', model, sees: ['public', 'internal', 'personal', 'special'], ...over })

/** A route over these models, each found by its name. */
export function testRoute(
  declaration: RouteDeclaration,
  models: readonly ModelVersion[],
  route = 'chat',
): RouteVersion {
  return routeVersionOf(route, declaration, (reference) => {
    const found = models.find((one) => one.model === reference)
    if (found) return found
    throw new TypeError(`the test has no model ${reference}`)
  })
}

export const inputsOf = (
  route: RouteVersion,
  facts: Partial<RequestFacts> = {},
  over: Partial<RouteInputs> = {},
): RouteInputs => ({
  route,
  facts: { draw: '00', dataClass: 'public', ...facts },
  health: {},
  worst: {},
  ...over,
})
