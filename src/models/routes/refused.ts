import { MillraceError } from '../../core/errors/millrace-error.ts'
import { nameOf } from './model-version.ts'
import type { Plan } from './plan-route.ts'
import { modelOf, type RouteVersion } from './route-version.ts'

/** More would not be read. */
const mostNamed = 5

/**
 * Why a plan without a stage asks nobody. Errors: `model/refused-by-constraint`, which names the constraint that refused the first candidate;
 * `model/no-target-well` where somebody may answer and is ill.
 */
export function whyNobody(route: RouteVersion, plan: Plan): MillraceError {
  // A pinned version may have left the route.
  const name = (version: string): string =>
    route.models[version] ? nameOf(modelOf(route, version)) : version.slice(0, 12)
  const told = (reasons: readonly string[]): string =>
    [...new Set(reasons)].slice(0, mostNamed).join('; ') || 'the route has no target'
  if (plan.passed.length > 0)
    return new MillraceError('model/no-target-well', {
      route: route.route,
      why: told(plan.passed.map((one) => `${name(one.version)}: ${one.why}`)),
    })
  return new MillraceError('model/refused-by-constraint', {
    route: route.route,
    constraint: [...new Set(plan.refusals.map((one) => one.constraint))].join(', ') || 'none',
    why: told(plan.refusals.map((one) => `${name(one.version)}: ${one.why}`)),
  })
}
