import type { QueryClient } from '@tanstack/react-query'
import { createRouter } from '@tanstack/react-router'
import { codeRoute, placesRoute, rootRoute, signInRoute } from './roots.tsx'
import { intakeRoute } from './intake/routes.ts'
import { overviewRoute } from './overview/routes.ts'
import { pipelineRoute, pipelinesRoute } from './pipelines/routes.ts'
import { lineageRoute, runRoute, runsRoute } from './runs/routes.ts'
import { Failure, Loading } from './ui/page.tsx'

/** Every address of the console. Each place brings its own routes, which load when they are first opened. */
const tree = rootRoute.addChildren([
  signInRoute,
  codeRoute,
  placesRoute.addChildren([
    overviewRoute,
    runsRoute,
    runRoute,
    lineageRoute,
    pipelinesRoute,
    pipelineRoute,
    intakeRoute,
  ]),
])

export const makeRouter = (queries: QueryClient) =>
  createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultPendingMs: 150,
    scrollRestoration: true,
    defaultPendingComponent: Loading,
    defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
  })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
