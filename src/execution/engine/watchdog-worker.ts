import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { Watched } from './watchdog.ts'

const { beats, names, stall, tick } = workerData as Watched // what `startWatchdog` gives
const count = new Int32Array(beats)
let last = -1
let stillFor = 0

// Its own ticks count, not a clock: a machine that slept has not stalled.
while (stillFor < stall) {
  Atomics.wait(count, 1, 0, tick) // nobody notifies: it sleeps
  const now = Atomics.load(count, 0)
  stillFor = now === last ? stillFor + tick : 0
  last = now
}
const runs = Buffer.from(new Uint8Array(names)).toString('utf8').replaceAll('\0', '')
writeSync(
  2,
  `The event loop stood still for ${stall} ms, and this process was ended. Live runs: ${runs || 'none'}. One of them most likely has an endless loop.\n`,
)
process.kill(process.pid, 'SIGKILL')
