import type { Clock, Millis } from '../../core/clock.ts'
import { GroupCommit } from '../../store/group-commit.ts'
import { isConnectionError } from '../../store/pool.ts'
import type { CallRecord } from '../routes/call-record.ts'
import type { TrafficLog } from '../routes/traffic-log.ts'
import type { CallOutcome } from './call-outcome.ts'

const mostInBatch = 200
/** Between two tries while Postgres is away. Nothing piles up meanwhile: no call is admitted without it either. */
const pause: Millis = 1000

/** Owns: records of calls on their way into Postgres, many in one commit. A record is tried until it is there, or Postgres refuses it for good. */
export class CallRecorder {
  readonly #clock: Clock
  readonly #queue: GroupCommit<CallRecord & { readonly outcome: CallOutcome }, undefined>
  readonly #waiting = new Set<Promise<void>>()
  readonly #onLost: (id: CallRecord['id'], error: unknown) => void

  constructor(o: {
    readonly traffic: Pick<TrafficLog, 'append'>
    readonly clock: Clock
    readonly onLost: (id: CallRecord['id'], error: unknown) => void
  }) {
    this.#clock = o.clock
    this.#onLost = o.onLost
    this.#queue = new GroupCommit({
      most: mostInBatch,
      send: async (records) => {
        await this.#append(() => o.traffic.append(records))
        return records.map(() => undefined)
      },
    })
  }

  add(record: CallRecord, outcome: CallOutcome): void {
    const added = this.#queue
      .add({ ...record, outcome })
      .catch((error: unknown) => this.#onLost(record.id, error))
      .then(() => void this.#waiting.delete(added))
    this.#waiting.add(added)
  }

  /** When everything that was added is there. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting)
  }

  async #append(append: () => Promise<void>): Promise<void> {
    for (;;)
      try {
        return await append()
      } catch (error) {
        if (!isConnectionError(error)) throw error
        await new Promise<void>((resolve) => this.#clock.after(pause, resolve))
      }
  }
}
