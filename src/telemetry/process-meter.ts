import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../core/clock.ts'
import type { Metric } from './exposition.ts'

/** Milliseconds between two looks at the event loop: a delay shorter than this is not seen. */
const resolution = 10

/** Owns: what this process uses, and how late its event loop is, under the names that Prometheus's clients give them. */
export class ProcessMeter {
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>
  readonly #started: number

  constructor(clock: Clock) {
    this.#started = clock.today() / 1000 - process.uptime()
    this.#delay = monitorEventLoopDelay({ resolution })
    this.#delay.enable()
  }

  close(): void {
    this.#delay.disable()
  }

  /** The delays are those since the last call: one that is over does not stand there for ever. */
  metrics(): readonly Metric[] {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const late = (which: string, help: string, ns: number): Metric =>
      gauge(
        `nodejs_eventloop_lag_${which}_seconds`,
        `How late the event loop was since the last scrape, ${help}.`,
        lateness(ns),
      )
    const lags = [
      late('p50', 'at the median', this.#delay.percentile(50)),
      late('p99', 'at the 99th percentile', this.#delay.percentile(99)),
      late('max', 'at most', this.#delay.max),
    ]
    this.#delay.reset()
    return [
      {
        name: 'process_cpu_seconds_total',
        help: 'CPU time.',
        type: 'counter',
        samples: [{ value: (user + system) / 1e6 }],
      },
      gauge('process_resident_memory_bytes', 'Resident memory.', rss),
      gauge('process_start_time_seconds', 'When the process began, since 1970.', this.#started),
      gauge('nodejs_heap_size_used_bytes', 'Used memory of the JavaScript heap.', heapUsed),
      gauge('nodejs_heap_size_total_bytes', 'Memory of the JavaScript heap.', heapTotal),
      gauge('nodejs_external_memory_bytes', 'Memory that JavaScript holds outside its heap.', external),
      ...lags,
    ]
  }
}

const gauge = (name: string, help: string, value: number): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: [{ value }],
})

/** The histogram holds whole intervals in nanoseconds, the timer's own included; without one it holds NaN or a start value. */
function lateness(ns: number): number {
  const seconds = (ns - resolution * 1e6) / 1e9
  return Number.isFinite(seconds) && seconds > 0 && seconds < 3600 ? seconds : 0
}
