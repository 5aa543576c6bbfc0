import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, Link, Outlet, redirect } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { sessionQuery } from './api/session.ts'
import { Shell } from './shell/shell.tsx'
import { SignIn } from './sign-in/sign-in.tsx'
import { takeCode } from './sign-in/take-code.ts'
import { Empty, PageHead } from './ui/page.tsx'

/** What the routes of every place hang on. */
export const rootRoute = createRootRouteWithContext<{ readonly queries: QueryClient }>()({
  component: Outlet,
  notFoundComponent: () => (
    <main className="main">
      <PageHead title="There is no such page" />
      <Empty title="The address leads nowhere">
        It may have been moved, or mistyped. <Link to="/">To the overview</Link>
      </Empty>
    </main>
  ),
})

const Code = lazy(() => import('./sign-in/code.tsx'))
/** Of the link that was opened: taken out of the address before anything else happens. */
const code = takeCode()

/** An address of this console alone: a link from elsewhere must not lead a fresh sign-in away. */
const ownPath = (value: unknown): string | undefined =>
  typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : undefined

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search): { next?: string } => {
    const next = ownPath(search['next'])
    return next === undefined ? {} : { next }
  },
  component: SignIn,
})

export const codeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/code',
  component: () => (
    <Suspense>
      <Code code={code} />
    </Suspense>
  ),
})

/** Around every place: who is not signed in is led to where one signs in, and back. */
export const placesRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'places',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const session = await context.queries.ensureQueryData(sessionQuery)
    if (session === null) redirect({ to: '/sign-in', search: { next: location.href }, throw: true })
  },
})
