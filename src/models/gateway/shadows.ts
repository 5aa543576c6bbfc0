import { isMillraceError } from '../../core/errors/millrace-error.ts'
import type { Said } from '../dialects/said.ts'
import type { AttemptOutcome } from './call-outcome.ts'
import type { Asker } from './asking.ts'
import type { Call } from './call.ts'
import { sameness } from './scoring.ts'

/** Beside the calls of this process; more are left out, since nobody waits for them. */
const mostAtOnce = 32

/** How a shadow's answer compares with the one that the client got. No text of either. */
export interface ShadowComparison {
  readonly call: Call['id']
  readonly tenant: Call['caller']['tenant']
  readonly route: string
  readonly routeVersion: string
  readonly version: string
  /** They say the same; absent: one of them could not be read. */
  readonly agrees?: boolean
  readonly attempt: AttemptOutcome
}

/**
 * Owns: the shadows of calls, which are asked beside them, for comparison. The client never waits for one, and what one answers is never used. Each is
 * paid for as any attempt (C3); without room in a budget, a place or a way to its dialect it is left out.
 */
export class Shadows {
  readonly #asker: Asker
  readonly #onCompared: (comparison: ShadowComparison) => void
  #running = 0

  constructor(asker: Asker, onCompared: (comparison: ShadowComparison) => void) {
    this.#asker = asker
    this.#onCompared = onCompared
  }

  /** `answered`: what the client got, once that is known; undefined where it cannot be read. */
  start(call: Call, versions: readonly string[], answered: Promise<Said | undefined>): Promise<void>[] {
    return versions.flatMap((version) => {
      if (this.#running >= mostAtOnce) return []
      this.#running++
      return [this.#ask(call, version, answered).finally(() => this.#running--)]
    })
  }

  async #ask(call: Call, version: string, answered: Promise<Said | undefined>): Promise<void> {
    const planned = { version, timeouts: {}, onHangUp: 'cancel' } as const
    const manner = {
      request: call.request,
      kind: 'shadow',
      priority: 3, // the first to be shed
      signal: new AbortController().signal,
      wantsWhole: true,
      isChecked: false,
      listens: true,
    } as const
    let attempt: Promise<AttemptOutcome> | undefined
    const read = await this.#asker
      .once(call, planned, manner, (sent) => {
        call.diary.noteShadow(sent)
        attempt = sent.ended
      })
      .catch((error: unknown) => {
        if (!isMillraceError(error)) throw error
        return undefined // no way leads to its dialect
      })
    if (!attempt) return
    const given = await answered
    const said = read?.kind === 'answered' ? read.answer.said : undefined
    this.#onCompared({
      call: call.id,
      tenant: call.caller.tenant,
      route: call.route.route,
      routeVersion: call.route.digest,
      version,
      ...(said && given && { agrees: sameness(said) === sameness(given) }),
      attempt: await attempt,
    })
  }
}
