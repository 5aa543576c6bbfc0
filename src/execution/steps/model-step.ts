import { toMillis } from '../../core/duration.ts'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import type { Json } from '../../core/json.ts'
import type { Patience } from '../../sdk/context.ts'
import { dataClassOf } from '../../sdk/labels.ts'
import type { StepCall } from '../corridor/corridor.ts'
import type { ModelAnswer, ModelUse } from '../corridor/ports.ts'
import { StepFailure } from '../engine/failures.ts'
import type { Evidence, RetryPolicy } from '../engine/ports.ts'

/**
 * The gateway repeats, changes keys and falls back by itself, within one attempt of the step; a step that repeated at once as well would multiply its
 * calls (27 of them, in systems of this kind). So the step waits much longer than the gateway does, and for long: a provider's outage or a
 * budget that is spent until midnight delays a run, and fails it only after two days.
 */
const unhurried: RetryPolicy = { attempts: 56, first: 30_000, factor: 2, most: 3_600_000 }
/** As many attempts as begin within a step's patience, and at most those of an unhurried one. */
export function retryWithin({ patience }: Patience): RetryPolicy {
  if (patience === undefined) return unhurried
  const { factor, first, most } = unhurried
  let attempts = 1
  let pause = first
  for (let left = toMillis(patience) - pause; left >= 0; left -= pause) {
    attempts++
    pause = Math.min(most, pause * factor)
  }
  return { ...unhurried, attempts: Math.min(attempts, unhurried.attempts) }
}
/** The gateway's own limit for a call, and what it needs around it. */
export const longestAsked = 630_000
/** What a model said did not fit, and asking again is another draw that costs again. */
const mostDraws = 3
const unfit: ReadonlySet<string> = new Set(['model/answer-unfit', 'prompt/bad-output'])

/** For whom the model is asked. `schema`: of the input, with its labels. */
export function useOf({ key: step, pipeline, run: { run } }: StepCall, task: string, schema: Json): ModelUse {
  const { entity, key, subject, tenant } = run
  return {
    tenant,
    pipeline,
    run: run.run,
    step,
    task,
    entity,
    subject: subject && key && { id: subject, key },
    dataClass: dataClassOf(schema),
  }
}

/** What a call of a model leaves in the record, whether it gave an answer or not. */
export const evidenceOf = ({ cost, model, record }: ModelAnswer<unknown>): Evidence => ({
  ...(model && { factors: [{ kind: 'model', digest: model.digest, name: model.name }] }),
  ...(cost !== undefined && { cost }),
  ...(record !== undefined && { detail: record }),
})

/** The answer, or the failure with which the step ends or waits. */
export function valueOf<T>(answer: ModelAnswer<T>, { attempt }: StepCall, { patience }: Patience): T {
  if ('value' in answer) return answer.value
  const { failure, isFinal, retryAfter } = answer
  const isTooLong = patience !== undefined && (retryAfter ?? 0) > toMillis(patience)
  throw new StepFailure(failure.code, failure.message, {
    terminal: isFinal || isTooLong || isLastDraw(failure.code, attempt),
    ...(retryAfter !== undefined && { retryAfter: Math.max(retryAfter, unhurried.first) }),
    evidence: evidenceOf(answer),
    details: detailsOf(failure),
    cause: failure,
  })
}

export const isLastDraw = (code: string, attempt: number): boolean => unfit.has(code) && attempt >= mostDraws

function detailsOf(error: unknown): Json {
  if (!isMillraceError(error)) return {}
  return Object.fromEntries(Object.entries(error.details).filter(([, value]) => value !== undefined)) as Json // no value is undefined
}
