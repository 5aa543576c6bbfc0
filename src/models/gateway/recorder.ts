import type { Clock, Millis } from '../../core/clock.ts'
import { isConnectionError } from '../../store/pool.ts'
import type { CallRecord } from '../routes/call-record.ts'
import type { TrafficLog } from '../routes/traffic-log.ts'
import type { CallOutcome } from './call-outcome.ts'

const mostInBatch = 200
/** So long records gather: nobody waits for one, and each commit of theirs is in the way of a reservation that somebody waits for. */
const gatherFor: Millis = 25
/** Between two tries while Postgres is away. Nothing piles up meanwhile: no call is admitted without it either. */
const pause: Millis = 1000

type Kept = CallRecord & { readonly outcome: CallOutcome }

/** Owns: records of calls on their way into Postgres, many in one commit. A record is tried until it is there, or Postgres refuses it for good. */
export class CallRecorder {
  readonly #traffic: Pick<TrafficLog, 'append'>
  readonly #clock: Clock
  readonly #onLost: (id: CallRecord['id'], error: unknown) => void
  #waiting: Kept[] = []
  #writing: Promise<void> | undefined
  #isGathering = false

  constructor(o: {
    readonly traffic: Pick<TrafficLog, 'append'>
    readonly clock: Clock
    readonly onLost: (id: CallRecord['id'], error: unknown) => void
  }) {
    this.#traffic = o.traffic
    this.#clock = o.clock
    this.#onLost = o.onLost
  }

  add(record: CallRecord, outcome: CallOutcome): void {
    this.#waiting.push({ ...record, outcome })
    if (this.#isGathering || this.#writing) return
    this.#isGathering = true
    this.#clock.after(gatherFor, () => {
      this.#isGathering = false
      void this.#write()
    })
  }

  /** When everything that was added is there. */
  async idle(): Promise<void> {
    while (this.#waiting.length > 0 || this.#writing) await this.#write()
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, mostInBatch)
      await this.#append(batch).catch((error: unknown) => {
        for (const { id } of batch) this.#onLost(id, error)
      })
    }
  }

  async #append(batch: readonly Kept[]): Promise<void> {
    for (;;)
      try {
        return await this.#traffic.append(batch)
      } catch (error) {
        if (!isConnectionError(error)) throw error
        await new Promise<void>((resolve) => this.#clock.after(pause, resolve))
      }
  }
}
