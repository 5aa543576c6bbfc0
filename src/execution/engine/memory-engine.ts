import { mintId, type RunId } from '../../core/ids.ts'
import { seededRandom } from '../../core/random.ts'
import { createEngine } from './engine.ts'
import { MemoryLog } from './log-memory.ts'
import type { Engine, LoadedRun, Log, RunHandler, Scheduler } from './ports.ts'
import { MemoryScheduler } from './scheduler-memory.ts'
import type { SegmentLimits } from './limits.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface MemoryEngineOptions {
  readonly limits?: Partial<SegmentLimits>
  /** Bodies do real work (a native library, a file), which time waits for. Without it every delay of a body is virtual. */
  readonly hasRealBodies?: boolean
  /** Wraps a port from outside: faults are injected here. */
  readonly wrapLog?: (log: Log) => Log
  readonly wrapScheduler?: (scheduler: Scheduler) => Scheduler
}

/** The engine over memory: the same core, virtual time, and a process that can crash at any turn. */
export class MemoryEngine {
  readonly clock = new VirtualClock()
  readonly log = new MemoryLog(this.clock, () => this.clock.moved())
  readonly scheduler = new MemoryScheduler(this.clock)
  readonly random = seededRandom('memory engine')
  readonly #options: MemoryEngineOptions
  readonly #handlerOf: (run: LoadedRun) => RunHandler | undefined
  #engine: ReturnType<typeof createEngine>

  constructor(handlerOf: (run: LoadedRun) => RunHandler | undefined, options: MemoryEngineOptions = {}) {
    this.#options = options
    this.#handlerOf = handlerOf
    this.#engine = this.#make()
  }

  get engine(): Engine {
    return this.#engine
  }

  #make(): ReturnType<typeof createEngine> {
    const { limits, wrapLog, wrapScheduler } = this.#options
    return createEngine({
      log: wrapLog?.(this.log) ?? this.log,
      scheduler: wrapScheduler?.(this.scheduler) ?? this.scheduler,
      clock: this.clock,
      random: this.random,
      process: mintId('pro', this.clock.today(), this.random),
      limits: { linger: 0, ...limits },
      housekeeping: false,
    })
  }

  async serve(): Promise<void> {
    await this.#engine.serve(this.#handlerOf)
  }

  /** The process dies at this moment; a new one serves at once. */
  crash(): void {
    for (const segment of this.#engine.live.values()) segment.kill()
    this.log.crash()
    this.clock.crash()
    this.scheduler.crash()
    this.#engine = this.#make()
    void this.serve()
  }

  /** Until nothing can move any more; what the sweeper would send is sent. */
  async settle(onTurn?: () => void): Promise<void> {
    for (;;) {
      await this.clock.settle(onTurn, this.#options.hasRealBodies ? () => this.#isWorking() : undefined)
      const next = this.log.nextDue()
      if (next === undefined) return
      if (next > this.clock.now()) this.clock.afterCrashes(next - this.clock.now(), () => {})
      await this.clock.settleUntil(() => this.clock.now() >= next)
      const overdue = await this.log.overdue(1000)
      for (const run of overdue) await this.scheduler.wake(run)
    }
  }

  #isWorking(): boolean {
    for (const segment of this.#engine.live.values())
      for (const arm of segment.open.values()) if (arm.isBusy) return true
    return false
  }

  runId(at = this.clock.today()): RunId {
    return mintId('run', at, this.random)
  }
}
