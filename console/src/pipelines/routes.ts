import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { placesRoute } from '../roots.tsx'

export const pipelinesRoute = createRoute({
  getParentRoute: () => placesRoute,
  path: '/pipelines',
  component: lazyRouteComponent(() => import('./pipeline-list.tsx')),
})

export const pipelineRoute = createRoute({
  getParentRoute: () => placesRoute,
  path: '/pipelines/$pipeline',
  component: lazyRouteComponent(() => import('./pipeline-page.tsx')),
})
