import type { Clock } from '../../core/clock.ts'
import { mintId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { requestTo } from '../gateway/endpoint.ts'
import type { DialectName } from '../dialects/dialect.ts'
import { BrokenOff, errorOf } from '../providers/failure.ts'
import type { Headers } from '../providers/headers.ts'
import type { Targets } from '../providers/targets.ts'
import { defaultLimits, type Upstream, type UpstreamRequest } from '../providers/upstream.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'

/** A call that its provider does not bill. */
export interface FreeCall {
  readonly method: Exclude<UpstreamRequest['method'], undefined>
  readonly dialect: DialectName
  /** Behind the dialect's own address, such as `/count_tokens`. */
  readonly path: string
  readonly body?: Buffer
  readonly headers: Headers
  readonly signal: AbortSignal
}

export interface FreeAnswer {
  readonly status: number
  readonly headers: Record<string, string | string[]>
  readonly body: Buffer
}

/**
 * Owns: calls that are not billed, and so need no reservation: counting tokens, deleting what a provider keeps. They have targets of their own: neither
 * their failures nor their number shut an answer out. Does not own: whether the model may see what is sent.
 */
export class FreeCalls {
  readonly #targets: Targets
  readonly #upstream: Upstream
  readonly #keysOf: (model: ModelVersion) => readonly string[]
  readonly #clock: Clock
  readonly #random: Random

  constructor(options: {
    readonly targets: Targets
    readonly upstream: Upstream
    readonly keysOf: (model: ModelVersion) => readonly string[]
    readonly clock: Clock
    readonly random: Random
  }) {
    this.#targets = options.targets
    this.#upstream = options.upstream
    this.#keysOf = options.keysOf
    this.#clock = options.clock
    this.#random = options.random
  }

  /** One attempt. What the provider says with an error's status is the answer. Errors: `model/upstream-…`, `model/target-…`, `model/no-key`. */
  async send(model: ModelVersion, call: FreeCall): Promise<FreeAnswer> {
    const { body = Buffer.alloc(0), dialect, headers, method, path, signal } = call
    const name = nameOf(model)
    const target = this.#targets.of({ digest: model.digest, name, keys: this.#keysOf(model) })
    const passage = await target.pass({ priority: 1, signal })
    if (passage.kind === 'refusal') throw passage.error
    const id = mintId('res', this.#clock.today(), this.#random)
    const { headers: sent, url } = requestTo(model, { id, dialect, body, headers, key: passage.key })
    // There is no reservation that a provider's log could be held against.
    const { 'x-client-request-id': _, ...kept } = sent
    const request: UpstreamRequest = {
      method,
      url: new URL(url.href + path),
      headers: kept,
      ...(body.length > 0 && { body }),
      accepts: ['application/json'],
    }
    const outcome = await this.#upstream.send(request, { ...defaultLimits, total: 60_000 }, signal)
    if (outcome.kind === 'failed') {
      passage.end(outcome.failure)
      if (outcome.said && outcome.said.status < 500) return outcome.said
      throw errorOf(outcome.failure, name)
    }
    try {
      const whole = await outcome.body.whole()
      passage.end('well')
      return { status: outcome.status, headers: outcome.headers, body: whole }
    } catch (error) {
      if (!(error instanceof BrokenOff)) throw error
      passage.end(error.failure)
      throw errorOf(error.failure, name)
    }
  }
}
