import { ActionIcon } from '@mantine/core'
import { IconKeyboard, IconLogout, IconMenu2, IconSearch } from '@tabler/icons-react'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { sessionQuery, signOut } from '../api/session.ts'
import { Live } from '../live/live.tsx'
import { ConnectionState } from './connection.tsx'
import { ErrorBoundary } from './error-boundary.tsx'
import { isField, ShellKeys } from './keys.ts'
import { places } from './places.ts'
import { SchemeButton } from './scheme-menu.tsx'

const Palette = lazy(() => import('./palette.tsx'))
const Help = lazy(() => import('./help.tsx'))

/** What stands around every page of somebody who is signed in. */
export function Shell(): React.JSX.Element {
  const [open, setOpen] = useState<'palette' | 'help' | 'menu'>()
  const navigate = useNavigate()
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const keys = useMemo(() => new ShellKeys(places), [])
  useEffect(() => setOpen(undefined), [path])
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const meant = keys.press({
        key: event.key,
        at: event.timeStamp,
        isRepeat: event.repeat,
        isComposing: event.isComposing,
        withControl: event.ctrlKey || event.metaKey,
        withAlt: event.altKey,
        inField: isField(event.target),
      })
      if (!meant) return
      event.preventDefault()
      if (meant.is === 'go') void navigate({ to: meant.to })
      else setOpen(meant.is === 'find' ? 'palette' : 'help')
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [keys, navigate])
  const close = (): void => setOpen(undefined)
  return (
    <Live>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <div className="shell">
        <div className="bar">
          <Brand />
          <ActionIcon variant="subtle" color="gray" aria-label="Search and commands" onClick={() => setOpen('palette')}>
            <IconSearch size={18} color="var(--ink)" />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Menu"
            aria-expanded={open === 'menu'}
            onClick={() => setOpen(open === 'menu' ? undefined : 'menu')}
          >
            <IconMenu2 size={18} color="var(--ink)" />
          </ActionIcon>
        </div>
        <Side isOpen={open === 'menu'} find={() => setOpen('palette')} help={() => setOpen('help')} />
        <main id="main" className="main" tabIndex={-1}>
          <ErrorBoundary key={path}>
            <Outlet />
          </ErrorBoundary>
        </main>
      </div>
      <Suspense>
        {open === 'palette' && <Palette close={close} help={() => setOpen('help')} />}
        {open === 'help' && <Help close={close} />}
      </Suspense>
    </Live>
  )
}

const Brand = (): React.JSX.Element => (
  <Link to="/" className="brand">
    <img src="/mark.svg" alt="" width={24} height={24} />
    Millrace
  </Link>
)

interface SideProps {
  readonly isOpen: boolean
  readonly find: () => void
  readonly help: () => void
}

function Side({ find, help, isOpen }: SideProps): React.JSX.Element {
  const { data: session } = useSuspenseQuery(sessionQuery)
  const queries = useQueryClient()
  const leave = async (): Promise<void> => {
    await signOut(session?.csrf).catch(() => {}) // the page is left either way; what remains ends by itself
    queries.clear()
    location.assign('/sign-in')
  }
  return (
    <div className="side" data-open={isOpen}>
      <Brand />
      <button type="button" className="finder" onClick={find}>
        <IconSearch size={14} aria-hidden />
        Search
        <kbd>Ctrl K</kbd>
      </button>
      <nav aria-label="Places">
        <ul className="places">
          {places.map(({ icon: Icon, name, to }) => (
            <li key={to}>
              <Link to={to} className="place" activeOptions={{ exact: to === '/', includeSearch: false }}>
                <Icon size={17} stroke={1.7} aria-hidden />
                {name}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="side-foot">
        <ConnectionState />
        <div className="side-row">
          <span className="person" title={session?.roles.join(', ')}>
            {session?.person.name}
          </span>
          <SchemeButton />
          <ActionIcon variant="subtle" color="gray" aria-label="Keyboard keys" title="Keyboard keys (?)" onClick={help}>
            <IconKeyboard size={17} color="var(--dim)" />
          </ActionIcon>
          <ActionIcon variant="subtle" color="gray" aria-label="Sign out" title="Sign out" onClick={() => void leave()}>
            <IconLogout size={17} color="var(--dim)" />
          </ActionIcon>
        </div>
      </div>
    </div>
  )
}
