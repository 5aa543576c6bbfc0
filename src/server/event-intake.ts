import { MillraceError } from '../core/errors/millrace-error.ts'
import type { CanonicalEvent } from '../core/event.ts'
import type { PersonId, RunId } from '../core/ids.ts'
import type { Pipelines } from '../execution/pipelines/registry.ts'
import type { Dispatcher } from '../intake/dispatcher.ts'
import type { Inbox } from '../intake/inbox.ts'

export interface TakenEvent {
  readonly source: string
  readonly id: string
  readonly run: RunId
  /** It was known from before: `run` is the one that it got then. */
  readonly isDuplicate: boolean
}

/** Owns: the way of events from a request to the inbox: checked whole, then accepted whole. Does not own: their reading (intake). */
export class EventIntake {
  readonly #inbox: Inbox
  readonly #dispatcher: Dispatcher
  readonly #pipelines: Pipelines

  constructor(options: { inbox: Inbox; dispatcher: Dispatcher; pipelines: Pipelines }) {
    this.#inbox = options.inbox
    this.#dispatcher = options.dispatcher
    this.#pipelines = options.pipelines
  }

  /** One commit; answers in the order given. Errors: `intake/which-pipeline`, `intake/unknown-pipeline`, `intake/wrong-type`, `intake/bad-payload`. */
  async take(
    events: readonly CanonicalEvent[],
    { pipeline, principal, hold }: { pipeline: string | undefined; principal: PersonId; hold: boolean },
  ): Promise<readonly TakenEvent[]> {
    const offers = []
    for (const event of events) {
      const name = pipeline ?? this.#takerOf(event.type)
      await this.#pipelines.admit(name, event.type, event.data) // a payload that no run could take is told now, not buried later
      offers.push({ event, pipeline: name, priority: 2, principal, hold })
    }
    const accepted = await this.#inbox.accept(offers)
    this.#dispatcher.nudge()
    return accepted.flatMap(({ isNew, run }, n) => {
      const event = events[n]
      return event ? [{ source: event.source, id: event.id, run, isDuplicate: !isNew }] : []
    })
  }

  #takerOf(type: string): string {
    const takers = this.#pipelines.takersOf(type)
    const [first, second] = takers
    if (first === undefined || second !== undefined)
      throw new MillraceError('intake/which-pipeline', { type, takers: takers.join(', ') || 'none' })
    return first
  }
}
