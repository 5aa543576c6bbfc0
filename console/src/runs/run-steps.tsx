import { IconChevronRight } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { duration, percent, plural, took } from '../ui/format.ts'
import { JsonText } from '../ui/json.tsx'
import { Empty } from '../ui/page.tsx'
import { Status, toneOf } from '../ui/status.tsx'
import { useNow } from '../ui/when.tsx'
import type { RunView } from './run-page.tsx'
import { timelineOf } from './timeline.ts'

type Step = RunView['steps'][number]

/** The steps of a run, each with how long it worked and how long it waited; a step opens to what it took and gave. */
export function Timeline({ run }: { readonly run: RunView }): React.JSX.Element {
  const now = useNow()
  const lines = timelineOf(run.steps, { started: run.started, now: run.ended ?? Math.max(now, run.started) })
  const most = Math.max(1, ...lines.map((line) => (line.is === 'step' ? line.worked : 0)))
  const worked = lines.reduce((sum, line) => sum + (line.is === 'step' ? line.worked : 0), 0)
  return (
    <section className="panel" aria-labelledby="timeline">
      <div className="panel-head">
        <h2 id="timeline">Steps</h2>
        <span className="dim">
          {plural(run.steps.length, 'step')}, {took(worked)} of work
        </span>
      </div>
      {run.steps.length === 0 ? (
        <Empty title="No step yet">The run has been accepted, and its first step has not begun.</Empty>
      ) : (
        <ol className="timeline">
          {lines.map((line) =>
            line.is === 'idle' ? (
              <li key={`idle ${line.from}`} className="idle">
                nothing for {duration(line.for)}
              </li>
            ) : (
              <StepLine
                key={line.step.key}
                run={run.run}
                step={line.step}
                worked={line.worked}
                waited={line.waited}
                most={most}
              />
            ),
          )}
        </ol>
      )}
    </section>
  )
}

/** Each once, though a gate and its action name the same. */
const factorsOf = ({ factors }: Step): Step['factors'] => [
  ...new Map(factors.map((factor) => [`${factor.kind} ${factor.digest}`, factor])).values(),
]

interface StepLineProps {
  readonly run: string
  readonly step: Step
  readonly worked: number
  readonly waited: number
  readonly most: number
}

/** Waits that are only the machine's own are not worth a word. */
const leastTold = 500

function StepLine({ most, run, step, waited, worked }: StepLineProps): React.JSX.Element {
  return (
    <li>
      <details className="step" data-tone={toneOf(step.state)}>
        <summary>
          <IconChevronRight size={14} className="step-mark" aria-hidden />
          <span className="step-name">
            <span className="dim">{step.kind}</span> <strong>{step.resource}</strong>
          </span>
          <span className="step-notes">
            {step.retries > 0 && <span className="step-retries">{plural(step.retries, 'retry', 'retries')}</span>}
            {step.confidence !== undefined && <span className="dim">{percent(step.confidence, 0)} sure</span>}
          </span>
          <span className="step-time">
            {waited >= leastTold && <span className="step-waited">waited {duration(waited)}</span>}
            <span className="step-bar" aria-hidden>
              <span style={{ width: `${Math.max(2, (worked / most) * 100)}%` }} />
            </span>
            <span className="num step-worked">{took(worked)}</span>
          </span>
          <Status state={step.state} />
        </summary>
        <div className="step-body">
          {step.error && (
            <p className="bad">
              <span className="mono">{step.error.code}</span>: {step.error.message}
            </p>
          )}
          {step.result !== undefined && (
            <>
              <h3>What it gave</h3>
              <JsonText label={`Result of ${step.resource}`} value={step.result} />
            </>
          )}
          {step.detail !== undefined && (
            <>
              <h3>How it came to it</h3>
              <JsonText label={`Evidence of ${step.resource}`} value={step.detail} />
            </>
          )}
          {step.factors.length > 0 && (
            <>
              <h3>What took part</h3>
              <ul className="factors">
                {factorsOf(step).map(({ digest, kind, name }) => (
                  <li key={`${kind} ${digest}`}>
                    <span className="dim">{kind}</span> {name}{' '}
                    <span className="mono dim" title={digest}>
                      {digest.slice(0, 10)}
                    </span>
                  </li>
                ))}
              </ul>
            </>
          )}
          <p>
            <Link to="/runs/$run/lineage/$step" params={{ run, step: step.key }}>
              Why: the lineage of this step
            </Link>
          </p>
        </div>
      </details>
    </li>
  )
}
