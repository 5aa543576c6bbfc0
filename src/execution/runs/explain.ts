import type { Json } from '../../core/json.ts'
import type { OpenedRun } from './run-rows.ts'
import type { StepView } from './steps.ts'

/** What a run waits for, where it waits. */
export type WaitsFor =
  | { readonly kind: 'person'; readonly item: string; readonly queue: string; readonly why: readonly string[] }
  /** Decided, and held: `run` is what is to be released, itself or the one that it was called by. */
  | {
      readonly kind: 'release'
      readonly run: string
      readonly action: string
      readonly queue: string | undefined
      readonly why: readonly string[]
    }
  | { readonly kind: 'time'; readonly step: string }
  | { readonly kind: 'other'; readonly step: string }

export function waitsForOf(run: OpenedRun, steps: readonly StepView[]): WaitsFor | undefined {
  if (run.state !== 'open') return undefined
  const all = steps.filter((step) => step.state === 'waiting')
  // Beside a timer, the person is what can be seen to; a release sends, so a question that is open comes before it.
  const waiting = all.find((step) => step.kind === 'review') ?? all.find((step) => step.kind === 'gate') ?? all[0]
  if (!waiting) return undefined
  if (waiting.kind === 'sleep') return { kind: 'time', step: waiting.key }
  const detail = fieldsOf(waiting.detail)
  const why = Array.isArray(detail['why']) ? detail['why'].map(textOf) : []
  if (waiting.kind === 'gate' && typeof detail['hold'] === 'string') {
    const queue = typeof detail['queue'] === 'string' ? detail['queue'] : undefined
    return { kind: 'release', run: detail['hold'], action: textOf(detail['action']), queue, why }
  }
  if (waiting.kind !== 'review' || typeof detail['item'] !== 'string') return { kind: 'other', step: waiting.key }
  return { kind: 'person', item: detail['item'], queue: textOf(detail['queue']), why }
}

/** One sentence that says what became of a run, and why: from the outcome back to what decided it. */
export function explain(run: OpenedRun, steps: readonly StepView[]): string {
  if (run.unreadable === 'erased') return 'Erased: the key of the person whose data this run held was destroyed.'
  if (run.unreadable === 'damaged') return 'Cannot be read: a row of this run was altered; its lineage says which.'
  const because = steps.flatMap(clauseOf)
  const head = headOf(run, steps)
  return because.length > 0 ? `${head}, because ${because.join('; ')}.` : `${head}.`
}

function headOf(run: OpenedRun, steps: readonly StepView[]): string {
  const waits = waitsForOf(run, steps)
  if (waits?.kind === 'person') return `Waits for a person in the queue ${waits.queue}`
  if (waits?.kind === 'release')
    return `Decided, and held before ${waits.action} until somebody runs \`millrace runs release ${waits.run}\``
  if (waits) return `Waits at ${waits.step}`
  if (run.state === 'paused') return `Paused with ${run.why?.code ?? 'no reason given'}`
  if (run.state === 'open') return retryOf(steps) ?? 'Running'
  const end = run.opened?.rows.find((row) => row.key === '$end')?.body.s
  if (end && 'error' in end)
    return `Ended as ${run.state} with ${end.error.code} (${end.error.message.replace(/\.$/, '')})`
  const outcome = end && 'ok' in end ? fieldsOf(end.ok)['outcome'] : undefined
  return typeof outcome === 'string' ? `Ended as ${run.state} (${outcome})` : `Ended as ${run.state}`
}

/** A model that cannot be asked is waited for, for hours if need be: that looks like standing still to whoever does not know. */
function retryOf(steps: readonly StepView[]): string | undefined {
  const step = steps.find(({ state }) => state === 'retrying')
  if (!step) return undefined
  const times = step.retries === 1 ? 'once' : `${step.retries} times`
  return `Running: ${step.kind} ${step.resource} failed ${times} (${step.error?.code ?? 'unknown'}) and is tried again`
}

function clauseOf(step: StepView): readonly string[] {
  const result = fieldsOf(step.result)
  const detail = fieldsOf(step.detail)
  if (step.state === 'denied') return [`the policy denied ${step.kind} ${step.resource}`]
  if (step.state === 'failed') return [`${step.kind} ${step.resource} failed (${step.error?.code ?? 'unknown'})`]
  if (step.state !== 'done')
    return step.kind === 'review' && step.state === 'timed-out' ? ['nobody decided in time'] : []
  if (step.kind === 'classify') {
    const { confidence, label, accepted } = result
    const against = `${percent(confidence)} sure${accepted === false ? `, below the threshold of ${percent(detail['threshold'])}` : ''}`
    return [`${step.resource} reads it as ${textOf(label)} (${against})`]
  }
  if (step.kind === 'decide') {
    const row = typeof detail['row'] === 'number' && detail['row'] >= 0 ? `row ${detail['row'] + 1}` : 'the default row'
    return [`${row} of ${step.resource} says ${listOf(result)}`]
  }
  if (step.kind === 'gate') {
    if (typeof result['releasedBy'] === 'string')
      return [`${result['releasedBy']} released ${textOf(detail['action'])}`]
    const why = Array.isArray(result['why']) ? result['why'].join(', ') : ''
    const then = result['held'] === true ? ', and is held until released' : ''
    const asks = result['ask'] === true ? `needs a person (${why})` : 'needs no person'
    return [`${step.resource} ${asks}${then}`]
  }
  if (step.kind === 'review')
    return [`${textOf(result['person'])} decided: ${textOf(result['verdict'])}${reasonOf(result)}`]
  if (step.kind === 'generate' || step.kind === 'extract') {
    const model = step.factors.find(({ kind }) => kind === 'model')
    return model && detail['prompt'] !== undefined ? [`${model.name} answered ${step.resource}`] : [] // a template says nothing new
  }
  if (step.kind === 'act') return [`${step.resource} is done`]
  return []
}

const reasonOf = (result: Fields): string => (typeof result['reason'] === 'string' ? ` (${result['reason']})` : '')

type Fields = Readonly<Record<string, Json | undefined>>
const fieldsOf = (value: Json | undefined): Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : {} // an object, by what was asked

const percent = (value: Json | undefined): string => (typeof value === 'number' ? `${Math.round(value * 100)}%` : '?')

const listOf = (fields: Fields): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name} ${textOf(value)}`)
    .join(', ')

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null))
