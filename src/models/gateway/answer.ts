import type { Clock } from '../../core/clock.ts'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { droppedHeader } from '../dialects/adapters/adapter.ts'
import type { Said } from '../dialects/said.ts'
import { parsed } from '../dialects/unknown-json.ts'
import type { Answered } from '../providers/exchange.ts'
import { type Failure, failureOf } from '../providers/failure.ts'
import { mediaTypeOf } from '../providers/headers.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'
import { type Problem, unmet } from '../structured/check-of.ts'
import { StreamCheck } from '../structured/stream-check.ts'
import type { Manner } from './manner.ts'
import type { Call } from './call.ts'
import { LiveStream } from './live-stream.ts'
import type { PaidAttempt, SaidByProvider } from './paid-attempt.ts'
import type { Prepared } from './prepared.ts'
import type { Silences } from './silence.ts'

/** What one version answered, in the client's dialect. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[]>
  /** A stream ends its attempt itself: read it to its end, or `return()` it. */
  readonly body: Buffer | AsyncGenerator<Buffer, void, undefined>
  readonly by: ModelVersion
  readonly attempt: PaidAttempt
  /** It came through an adapter: its provider knows nothing of the client's dialect. */
  readonly isCarried: boolean
  /** What it says in all; of a stream at its end, and only where somebody listens. */
  readonly said: Said | undefined
}

/** An answer, or why there is none: its attempt has ended then. */
export type Read =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly said: SaidByProvider | undefined }
  /** `answer`: in the provider's dialect. */
  | { readonly kind: 'unfit'; readonly answer: Buffer; readonly problems: readonly Problem[] }

/** An attempt that has its headers, and all that its reading depends on. */
interface Reading {
  readonly answer: Answered
  readonly attempt: PaidAttempt
  readonly call: Call
  readonly model: ModelVersion
  readonly prepared: Prepared
  readonly onHangUp: 'cancel' | 'drain'
  readonly manner: Pick<Manner, 'wantsWhole' | 'isChecked' | 'listens'>
  readonly clock: Clock
  readonly silences: Silences
}

/** The answer of an attempt: whole, or as a stream that has begun. What fails on the way ends the attempt, and is told. */
export function readAnswer(reading: Reading): Promise<Read> {
  const isStream = mediaTypeOf(reading.answer.headers) === 'text/event-stream'
  return isStream ? readStream(reading) : readWhole(reading)
}

async function readStream(reading: Reading): Promise<Read> {
  const { answer, attempt, call, manner, model, onHangUp, prepared, silences } = reading
  const { adapter, dialect, hidesUsage } = prepared
  const listener = manner.isChecked && call.check ? dialect.listener() : undefined
  const stream = new LiveStream({
    dialect,
    client: call.dialect,
    ...(adapter && { carried: adapter.stream(factsOf(reading)) }),
    attempt,
    answer,
    hidesUsage,
    target: nameOf(model),
    onHangUp,
    silences,
    listens: manner.wantsWhole || manner.listens,
    ...(listener && call.check && { check: new StreamCheck(call.check, listener) }),
  })
  const failure = await stream.begin()
  if (failure) return { kind: 'failed', failure, said: undefined }
  const common = {
    status: answer.status,
    headers: headersOf(reading, []),
    by: model,
    attempt,
    isCarried: adapter !== undefined,
  }
  if (!manner.wantsWhole)
    return {
      kind: 'answered',
      answer: {
        ...common,
        body: stream.pass(),
        get said() {
          return stream.said
        },
      },
    }
  const whole = await stream.whole()
  if ('failure' in whole) return { kind: 'failed', failure: whole.failure, said: undefined }
  return { kind: 'answered', answer: { ...common, body: whole.body, said: whole.said } }
}

async function readWhole(reading: Reading): Promise<Read> {
  const { answer, attempt, call, manner, model, prepared } = reading
  const { adapter, dialect } = prepared
  const whole = await wholeOf(answer.body)
  if ('failure' in whole) {
    attempt.failed(whole.failure)
    return { kind: 'failed', failure: whole.failure, said: undefined }
  }
  const json = parsed(whole.bytes.toString('utf8'))
  const usage = dialect.usageOf(json)
  attempt.reports(dialect.modelOf(json))
  const inside = dialect.failureOf(json, answer.status)
  if (inside) return fail(attempt, { kind: 'status', isSent: true, status: inside.status }, usage)
  const said = dialect.saidIn(json)
  const problems = manner.isChecked && said && call.check ? call.check.problemsIn(said) : []
  if (problems.length > 0) {
    attempt.answered(usage, unmet(problems))
    return { kind: 'unfit', answer: whole.bytes, problems }
  }
  let body = whole.bytes
  let dropped: readonly string[] = []
  if (adapter)
    try {
      const carried = adapter.answer(whole.bytes, factsOf(reading))
      body = Buffer.from(carried.body)
      dropped = carried.dropped
    } catch (error) {
      if (!isMillraceError(error)) throw error
      return fail(attempt, { kind: 'garbled', why: error.code, isSent: true }, usage)
    }
  attempt.answered(usage)
  const headers = headersOf(reading, dropped)
  return {
    kind: 'answered',
    answer: { status: answer.status, headers, body, by: model, attempt, isCarried: adapter !== undefined, said },
  }
}

function fail(attempt: PaidAttempt, failure: Failure, usage: Parameters<PaidAttempt['failed']>[1]): Read {
  attempt.failed(failure, usage)
  return { kind: 'failed', failure, said: undefined }
}

const factsOf = ({ call, clock }: Reading) => ({
  created: Math.floor(clock.today() / 1000),
  asksUsage: call.request.asksUsage,
  id: `resp_${call.id.slice('cal_'.length)}`,
  ...(call.request.json['encoding_format'] === 'base64' && { encoding: 'base64' }),
  asked: call.request.model,
  ...(typeof call.request.json['id'] === 'string' && { askedId: call.request.json['id'] }),
})

/** The provider's, where the client speaks its dialect; else what is true in any. */
function headersOf({ answer, prepared }: Reading, dropped: readonly string[]): Record<string, string | string[]> {
  if (!prepared.adapter) return answer.headers
  const all = [...new Set([...prepared.dropped, ...dropped])]
  const type = answer.headers['content-type']
  return {
    ...(type !== undefined && { 'content-type': type }),
    ...(all.length > 0 && { [droppedHeader]: all.join(', ') }),
  }
}

async function wholeOf(body: { whole(): Promise<Buffer> }): Promise<{ bytes: Buffer } | { failure: Failure }> {
  try {
    return { bytes: await body.whole() }
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    return { failure }
  }
}
