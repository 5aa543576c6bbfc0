import { Worker } from 'node:worker_threads'
import type { Clock, Millis } from '../../core/clock.ts'
import type { RunId } from '../../core/ids.ts'
import { repeat } from './housekeeping.ts'

/** What the thread sees of the process: a count that moves with the event loop, and the names of its live runs. */
export interface Watched {
  readonly beats: SharedArrayBuffer
  readonly names: SharedArrayBuffer
  readonly stall: Millis
  readonly tick: Millis
}

/** Names of about a hundred runs; a stalled process has few that matter. */
const nameBytes = 4096

/**
 * A thread that ends this process when its event loop stands still: no timeout of a step, no heartbeat and no other run goes on then (E7).
 * It writes one line to stderr that names the live runs.
 */
export async function startWatchdog(options: {
  readonly clock: Clock
  readonly live: ReadonlyMap<RunId, unknown>
  /** Default 30 s: garbage collection and synchronous work of a pipeline stay far below. */
  readonly stall?: Millis
}): Promise<() => Promise<void>> {
  const { clock, live, stall = 30_000 } = options
  const tick = Math.min(1000, stall / 4)
  const watched: Watched = {
    beats: new SharedArrayBuffer(8),
    names: new SharedArrayBuffer(nameBytes),
    stall,
    tick,
  }
  const count = new Int32Array(watched.beats)
  const names = new Uint8Array(watched.names)
  const beat = async (): Promise<void> => {
    names.fill(0)
    new TextEncoder().encodeInto([...live.keys()].join(' '), names)
    Atomics.add(count, 0, 1)
  }
  const worker = new Worker(new URL('./watchdog-worker.ts', import.meta.url), { workerData: watched, execArgv: [] })
  worker.unref()
  await beat()
  const stop = repeat(clock, tick / 2, beat)
  return async () => {
    await worker.terminate()
    await stop()
  }
}
