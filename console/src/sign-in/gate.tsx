import { useEffect } from 'react'

/** A page of somebody who is not signed in. */
export function Gate({
  children,
  title,
}: {
  readonly title: string
  readonly children: React.ReactNode
}): React.JSX.Element {
  useEffect(() => void (document.title = `${title} · Millrace`), [title])
  return (
    <main className="gate" id="main">
      <div className="panel gate-card">
        <div className="brand">
          <img src="/mark.svg" alt="" width={24} height={24} />
          Millrace
        </div>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  )
}
