import { Button, Skeleton } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { announce } from '../shell/announcer.tsx'
import { Problem, sentenceOf } from '../api/problem.ts'

interface PageHeadProps {
  readonly title: string
  readonly children?: React.ReactNode
  readonly actions?: React.ReactNode
}

/** The head of a page: takes the focus when the page opens, and says so to screen readers and to the window's title. */
export function PageHead({ actions, children, title }: PageHeadProps): React.JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Millrace`
    announce(title)
  }, [title])
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <header className="head">
      <div className="head-text">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {children && <p>{children}</p>}
      </div>
      {actions && <div className="head-actions">{actions}</div>}
    </header>
  )
}

/** What went wrong, the code to search for, and once more. */
export function Failure({
  error,
  retry,
}: {
  readonly error: unknown
  readonly retry?: () => unknown
}): React.JSX.Element {
  const code = error instanceof Problem ? error.code : undefined
  return (
    <div className="failure" role="alert">
      <strong>{code === 'governance/not-allowed' ? 'You may not see this' : 'This did not work'}</strong>
      <p>{sentenceOf(error)}</p>
      {code && <p className="mono dim">{code}</p>}
      {retry && (
        <Button size="compact-xs" variant="default" mt={8} onClick={() => void retry()}>
          Try again
        </Button>
      )}
    </div>
  )
}

/** Says what to do, not only that there is nothing. */
export function Empty({
  children,
  title,
}: {
  readonly title: string
  readonly children?: React.ReactNode
}): React.JSX.Element {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children}
    </div>
  )
}

/** Stands as high as what comes, so that nothing moves. */
export function Loading({ height = 320 }: { readonly height?: number }): React.JSX.Element {
  return (
    <div role="status">
      <span className="visually-hidden">Loading</span>
      <Skeleton height={height} radius="md" />
    </div>
  )
}
