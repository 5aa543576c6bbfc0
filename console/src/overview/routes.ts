import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { placesRoute } from '../roots.tsx'

export const overviewRoute = createRoute({
  getParentRoute: () => placesRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./overview.tsx')),
})
