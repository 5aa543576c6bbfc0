import { failureKindOf } from '../../core/errors/failure-kind.ts'
import type { MillraceError } from '../../core/errors/millrace-error.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import type { CacheHit } from '../caches/answer-cache.ts'
import type { Call } from './call.ts'
import type { AttemptOutcome, CallOutcome } from './call-outcome.ts'
import { costOf } from './record.ts'
import type { Walked } from './walk.ts'

/** How a call ended for its client. */
export interface Ending {
  readonly status: number
  readonly walked?: Walked
  readonly hit?: CacheHit
  readonly error?: MillraceError
}

/** What became of a call, from what it and its attempts were. */
export function outcomeOf(
  call: Call,
  { error, hit, status, walked }: Ending,
  attempts: readonly AttemptOutcome[],
  commitment: string | undefined,
): CallOutcome {
  const { caller, facts, id, request, route, startedAt } = call
  const by = walked && attempts.find((one) => one.reservation === walked.answer.attempt.reservation.id)
  // A stream whose end failed had begun as an answer.
  const failed = error ? { code: error.code, kind: failureKindOf(error.code) } : brokenOff(by)
  const cost = costOf(attempts)
  const trace = traceOf(call)
  const ends = attempts.map((one) => one.startedAt + one.total)
  return {
    id,
    tenant: caller.tenant,
    dialect: request.dialect,
    asked: request.model,
    route: route.route,
    routeVersion: route.digest,
    dataClass: facts.dataClass,
    ...(commitment !== undefined && { request: commitment }),
    parameters: parametersOf(request),
    ...(caller.client !== undefined && { client: caller.client }),
    ...given(caller.facts),
    startedAt,
    total: Math.max(0, ...ends.map((end) => end - startedAt)),
    ...(by?.firstContent !== undefined && { firstContent: by.startedAt + by.firstContent - startedAt }),
    isStream: request.isStream,
    status,
    ...(walked &&
      by && {
        answered: {
          version: by.version,
          model: by.model,
          provider: by.provider,
          arm: walked.planned.arm,
          reason: walked.planned.reason,
          ...(by.reported !== undefined && { reported: by.reported }),
        },
      }),
    ...(call.diary.drawn && { drawn: call.diary.drawn }),
    ...(trace !== undefined && { traceparent: trace }),
    ...(hit && { cache: { kind: hit.kind, from: hit.from, ...(hit.saved && { saved: hit.saved }) } }),
    ...(failed && { error: failed }),
    ...(by?.usage && { usage: by.usage }),
    ...(cost && { cost }),
    attempts,
  }
}

const brokenOff = (by: AttemptOutcome | undefined): CallOutcome['error'] | undefined =>
  by?.error !== undefined && by.failure !== undefined ? { code: by.error, kind: by.failure } : undefined

/** What shapes an answer beside its words, by the names of the dialects. */
const shaping = [
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'reasoning_effort',
  'frequency_penalty',
  'presence_penalty',
  'n',
  'service_tier',
] as const

function parametersOf({ json }: ModelRequest): CallOutcome['parameters'] {
  const parameters: Record<string, string | number | boolean> = {}
  for (const name of shaping) {
    const value = json[name]
    if (typeof value === 'number' || typeof value === 'boolean') parameters[name] = value
    else if (typeof value === 'string') parameters[name] = value.slice(0, 40)
  }
  return parameters
}

const given = ({ pipeline, run, step, task }: Call['caller']['facts']): Partial<CallOutcome> => ({
  ...(pipeline !== undefined && { pipeline }),
  ...(run !== undefined && { run }),
  ...(step !== undefined && { step }),
  ...(task !== undefined && { task }),
})

function traceOf({ headers }: Call): string | undefined {
  const { traceparent } = headers
  return typeof traceparent === 'string' && /^[0-9a-f]{2}(?:-[0-9a-f]+){3}$/.test(traceparent) ? traceparent : undefined
}
