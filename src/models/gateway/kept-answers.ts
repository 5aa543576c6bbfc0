import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { CallId } from '../../core/ids.ts'
import { mostBody } from '../caches/admission.ts'
import type { AnswerCache, CacheHit } from '../caches/answer-cache.ts'
import type { CacheQuestion } from '../caches/question.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import { parsed } from '../dialects/unknown-json.ts'
import { isStored, type Previous, type StoredResponses } from '../responses/stored-responses.ts'
import type { Plan } from '../routes/plan-route.ts'
import type { Call } from './call.ts'
import type { CallOutcome } from './call-outcome.ts'
import type { Caller } from './caller.ts'
import { watched } from './delivery.ts'
import type { Walked } from './walk.ts'

export interface KeptParts {
  readonly answers?: Pick<AnswerCache, 'find' | 'keep'>
  readonly stored?: Pick<StoredResponses, 'previous' | 'keep'>
  /** A response could not be kept. */
  readonly onUnkept?: (call: CallId, error: unknown) => void
}

/** Owns: what a call has to do with answers that are kept: one that stands for it, one that it goes on from, and its own. */
export class KeptAnswers {
  readonly #parts: KeptParts
  readonly #track: (work: Promise<unknown>) => void

  /** `track`: of work that nobody waits for, and that is to end before the process does. */
  constructor(parts: KeptParts, track: (work: Promise<unknown>) => void) {
    this.#parts = parts
    this.#track = track
  }

  /** The response that a request goes on from. Errors: `model/no-such-response`. */
  async previous({ client, tenant }: Caller, request: ModelRequest): Promise<Previous | undefined> {
    const { stored } = this.#parts
    if (request.previous === undefined) return undefined
    // Whoever has no key has no responses either: an id that nobody looked at could be another's.
    if (!stored || client === undefined)
      throw new MillraceError('model/no-such-response', { response: request.previous.slice(0, 200) })
    return stored.previous({ tenant, client }, request)
  }

  /** Undefined where the route keeps no answers. */
  question({ caller, facts, headers, request, route }: Call, plan: Plan): CacheQuestion | undefined {
    const target = plan.stages[0]?.attempts[0]?.version
    if (!route.policy.cache || target === undefined || facts.pinned !== undefined) return undefined
    const { client, dataClass, subject, tenant } = caller
    const sees = { dataClass, scope: client ?? 'steps', ...(subject && { subject }) }
    return { tenant, route, target, request, headers, sees }
  }

  async find(question: CacheQuestion): Promise<CacheHit | undefined> {
    return this.#parts.answers?.find(question)
  }

  /** The answer's bytes, kept on their way where they are to be. `question`: the very one that was looked for. */
  async deliver(
    call: Call,
    walked: Walked,
    o: { readonly question: CacheQuestion | undefined; readonly outcome: Promise<CallOutcome> },
  ): Promise<Buffer | AsyncGenerator<Buffer, void, undefined>> {
    const { body, status } = walked.answer
    const response = this.#storing(call, walked)
    const take = this.#caching(call, walked, o)
    if (!Buffer.isBuffer(body)) {
      if (!response && !take) return body
      return watched(body, call.dialect, { response, whole: take && { most: mostBody, take } })
    }
    if (status === 200) await response?.(body.toString('utf8'))
    take?.(body)
    return body
  }

  #storing(call: Call, { answer }: Walked): ((response: string) => Promise<void>) | undefined {
    const { caller, dialect, request } = call
    const { stored } = this.#parts
    const { client, tenant } = caller
    if (!stored || client === undefined || !isStored(request)) return undefined
    const { isCarried } = answer
    const version = answer.by.digest
    return async (response) => {
      const usage = dialect.usageOf(parsed(response))
      try {
        await stored.keep({ tenant, client }, { request, response, version, usage, isCarried })
      } catch (error) {
        this.#parts.onUnkept?.(call.id, error) // it is paid for: the client gets it, though it cannot go on from it
      }
    }
  }

  #caching(
    { caller, id }: Call,
    { answer, planned }: Walked,
    { outcome, question }: { readonly question: CacheQuestion | undefined; readonly outcome: Promise<CallOutcome> },
  ): ((body: Buffer) => void) | undefined {
    const { answers } = this.#parts
    if (!answers || !question) return undefined
    const { headers, status } = answer
    const by = { version: answer.by.digest, reason: planned.reason }
    return (body) =>
      this.#track(
        outcome.then(async ({ cost, error }) => {
          if (error) return
          const sources = (await caller.sources?.()) ?? []
          await answers.keep(question, { call: id, status, headers, body, by, cost, sources })
        }),
      )
  }
}
