import { Link } from '@tanstack/react-router'
import { count } from '../ui/format.ts'
import { Status } from '../ui/status.tsx'
import type { Replayed } from './intake.tsx'

/** What a replay would do, before it does it. */
export function Rehearsal({ letters }: { readonly letters: readonly Replayed[] }): React.JSX.Element {
  const refused = letters.filter(({ problem }) => problem)
  return (
    <section className="panel rehearsal" role="status" aria-label="What would happen">
      <h2>
        {count(letters.length - refused.length)} of {count(letters.length)} would begin a run; nothing has been sent yet
      </h2>
      <ul>
        {letters.map(({ letter, problem, run }) => (
          <li key={letter}>
            <Status state={problem ? 'refused again' : 'begins'} tone={problem ? 'bad' : 'ok'} />{' '}
            {problem ? (
              <>
                <span className="mono">{problem.code}</span> {problem.message}
              </>
            ) : (
              run !== undefined && (
                <Link to="/runs/$run" params={{ run }} className="mono">
                  {run}
                </Link>
              )
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
