import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { placesRoute } from '../roots.tsx'

export const intakeRoute = createRoute({
  getParentRoute: () => placesRoute,
  path: '/intake',
  validateSearch: (search): { letter?: string } =>
    typeof search['letter'] === 'string' ? { letter: search['letter'] } : {},
  component: lazyRouteComponent(() => import('./intake.tsx')),
})
