import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { placesRoute } from '../roots.tsx'
import { runSearch } from './run-search.ts'

export const runsRoute = createRoute({
  getParentRoute: () => placesRoute,
  path: '/runs',
  validateSearch: runSearch,
  component: lazyRouteComponent(() => import('./run-list.tsx')),
})

export const runRoute = createRoute({
  getParentRoute: () => placesRoute,
  path: '/runs/$run',
  component: lazyRouteComponent(() => import('./run-page.tsx')),
})

export const lineageRoute = createRoute({
  getParentRoute: () => placesRoute,
  path: '/runs/$run/lineage/$step',
  component: lazyRouteComponent(() => import('./lineage-page.tsx')),
})
