import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { onSessionEnded } from './api/client.ts'
import { isUnreachable, Problem } from './api/problem.ts'
import { sessionQuery } from './api/session.ts'
import { makeRouter } from './router.tsx'
import { Announcer } from './shell/announcer.tsx'
import { theme, variables } from './theme.ts'

/** The server wrote it into the page: Mantine's style tags carry it, and no other tag is obeyed. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''

// What keeps the page behind a dialog from scrolling writes a style tag too, and looks for its nonce under this name.
Reflect.set(globalThis, '__webpack_nonce__', nonce)

const queries = new QueryClient({
  queryCache: new QueryCache(),
  defaultOptions: {
    queries: {
      staleTime: 2000,
      // What the server refuses it refuses again; what did not reach it may the next time.
      retry: (failed, error) =>
        error instanceof Problem ? error.retry === 'backoff' && failed < 2 : isUnreachable(error) && failed < 5,
      retryDelay: (failed) => Math.min(5000, 300 * 2 ** failed),
    },
  },
})
const router = makeRouter(queries)

onSessionEnded(() => {
  queries.setQueryData(sessionQuery.queryKey, null)
  void router.invalidate()
})

export function App(): React.JSX.Element {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
      deduplicateInlineStyles
    >
      <QueryClientProvider client={queries}>
        <Announcer />
        <Notifications position="bottom-right" limit={4} zIndex={500} />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  )
}
