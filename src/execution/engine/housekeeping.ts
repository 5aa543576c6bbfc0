import type { Clock, Millis } from '../../core/clock.ts'
import type { ProcessId, RunId } from '../../core/ids.ts'
import type { Log, Scheduler } from './ports.ts'
import type { Segment } from './segment.ts'

/** What live segments hear is read for the whole process at once (E19). */
const pollEvery: Millis = 200
/** How often overdue wakes are sent (E22), and the heartbeat kept (E7). */
const sweepEvery: Millis = 1000
const mostWakes = 500

export interface HousekeepingOptions {
  readonly log: Log
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly process: ProcessId
  readonly live: ReadonlyMap<RunId, Segment>
}

/**
 * Three loops of a process: the poll, the sweeper and the heartbeat. Each goes on after a failure: an outage of Postgres or of the engine
 * strands nothing, since the next round does what this one could not.
 */
export function startHousekeeping(options: HousekeepingOptions): () => Promise<void> {
  const stops = [
    repeat(options.clock, pollEvery, () => poll(options)),
    repeat(options.clock, sweepEvery, () => sweep(options)),
    repeat(options.clock, sweepEvery, () => options.log.beat(options.process)),
  ]
  return async () => void (await Promise.all(stops.map((stop) => stop())))
}

async function poll({ log, live }: HousekeepingOptions): Promise<void> {
  if (live.size === 0) return
  for (const flags of await log.poll([...live.keys()])) live.get(flags.run)?.poke(flags)
}

/** Marks, commits, then sends: no lock is held while it sends (E22). */
async function sweep({ log, scheduler }: HousekeepingOptions): Promise<void> {
  for (;;) {
    const runs = await log.overdue(mostWakes)
    await Promise.all(runs.map((run) => scheduler.wake(run).catch(() => {}))) // marked for a later round already
    if (runs.length < mostWakes) return
  }
}

/** Calls `work` again and again, `every` after it has ended; the answer ends it. */
export function repeat(clock: Clock, every: Millis, work: () => Promise<unknown>): () => Promise<void> {
  let isStopped = false
  let cancelTimer: (() => void) | undefined
  let round: Promise<unknown> = Promise.resolve()
  const next = (): void => {
    if (isStopped) return
    cancelTimer = clock.after(every, () => {
      round = work()
        .catch(() => {})
        .finally(next)
    })
  }
  next()
  return async () => {
    isStopped = true
    cancelTimer?.()
    await round
  }
}
