import type { Clock } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import { mintId, type ProcessId, type RunId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { installAuthorGuard } from './author-guard.ts'
import { AttemptLost } from './failures.ts'
import type { Doorbell, Engine, LoadedRun, Log, RunHandler, Scheduler, StartRun } from './ports.ts'
import { defaultLimits, Segment, type SegmentLimits } from './segment.ts'
import { startHousekeeping } from './housekeeping.ts'

/** A delayed wake up to this is the scheduler's; a longer one the sweeper's (E22). */
const longestWake = 60_000

export interface EngineOptions {
  readonly log: Log
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly random: Random
  /** Of this process, minted at its start. */
  readonly process: ProcessId
  readonly limits?: Partial<SegmentLimits>
  /** False where time is virtual: nothing then polls or sweeps. */
  readonly housekeeping?: boolean
}

/** One core over the two ports (docs/specs/engine.md). */
export function createEngine(options: EngineOptions): Engine & { readonly live: ReadonlyMap<RunId, Segment> } {
  return new RunEngine(options)
}

class RunEngine implements Engine {
  readonly live = new Map<RunId, Segment>()
  readonly #options: EngineOptions
  readonly #limits: SegmentLimits

  constructor(options: EngineOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
  }

  async serve(handlerOf: (run: LoadedRun) => RunHandler | undefined): Promise<AsyncDisposable> {
    installAuthorGuard()
    const { scheduler } = this.#options
    const served = await scheduler.serve((run, over) => this.#segment(run, over, handlerOf))
    const stopHousekeeping =
      this.#options.housekeeping === false ? undefined : startHousekeeping({ ...this.#options, live: this.live })
    return {
      [Symbol.asyncDispose]: async () => {
        await stopHousekeeping?.()
        for (const segment of this.live.values()) segment.kill()
        await served[Symbol.asyncDispose]()
      },
    }
  }

  async #segment(run: RunId, over: AbortSignal, handlerOf: (run: LoadedRun) => RunHandler | undefined): Promise<void> {
    const { log, clock, random, process } = this.#options
    const writer = mintId('wri', clock.today(), random)
    const loaded = await log.load(run, { process, writer })
    if (loaded?.state !== 'open') return // E10: an ended run answers from its `$end`; a paused one is not driven
    const handler = handlerOf(loaded)
    if (!handler)
      return this.#pause(
        run,
        new MillraceError('run/no-pipeline', { run, pipeline: loaded.pipeline, digest: loaded.digest.slice(0, 12) }),
      )
    const children = {
      start: (child: StartRun) => this.start(child),
      outcome: (id: RunId) => log.outcome(id).then((got) => got?.outcome),
      cancel: (id: RunId) => this.cancel(id),
    }
    const segment = new Segment({ loaded, log, clock, writer, limits: this.#limits, children })
    const kill = (): void => segment.kill()
    over.addEventListener('abort', kill, { once: true })
    this.live.set(run, segment)
    try {
      await this.#settle(loaded, await segment.drive(handler))
    } catch (error) {
      if (isMillraceError(error, 'run/diverged')) return await this.#pause(run, error) // E17: recorded, paused, never retried
      if (over.aborted) throw new AttemptLost('the attempt is over', { cause: error })
      throw error
    } finally {
      over.removeEventListener('abort', kill)
      if (this.live.get(run) === segment) this.live.delete(run)
    }
  }

  async #settle(loaded: LoadedRun, end: Awaited<ReturnType<Segment['drive']>>): Promise<void> {
    const { log, scheduler } = this.#options
    if (end.type === 'ended') {
      if (loaded.parent) await this.#hint(loaded.parent.run) // its bell rose with the `$end` (E4)
      return
    }
    if (end.type === 'paused') return
    const hasRung = await log.park(loaded.run, { after: end.after, bell: end.bell })
    if (hasRung) await scheduler.wake(loaded.run)
    else if (end.after !== undefined && end.after <= longestWake) await scheduler.wake(loaded.run, end.after)
  }

  async #pause(run: RunId, why: MillraceError): Promise<void> {
    await this.#options.log.flag(run, 'pause', { code: why.code, message: why.message })
  }

  /** A wake is a hint: one that is lost is the sweeper's (E22). */
  async #hint(run: RunId): Promise<void> {
    await this.#options.scheduler.wake(run).catch(() => {})
  }

  async start(run: StartRun): Promise<'accepted' | 'already-known'> {
    const known = await this.#options.log.insert(run)
    await this.#hint(run.run)
    return known
  }

  async ring({ run }: Doorbell): Promise<void> {
    const isFirst = await this.#options.log.ring(run)
    await this.#pokeLive(run)
    if (isFirst) await this.#hint(run)
  }

  async #pokeLive(run: RunId): Promise<void> {
    const segment = this.live.get(run)
    if (!segment) return
    const [flags] = await this.#options.log.poll([run])
    if (flags) segment.poke(flags)
  }

  cancel(run: RunId): Promise<boolean> {
    return this.#flag(run, 'cancel')
  }

  kill(run: RunId): Promise<boolean> {
    return this.#flag(run, 'kill')
  }

  pause(run: RunId): Promise<boolean> {
    return this.#flag(run, 'pause')
  }

  resume(run: RunId): Promise<boolean> {
    return this.#flag(run, 'resume')
  }

  async #flag(run: RunId, flag: 'cancel' | 'pause' | 'resume' | 'kill'): Promise<boolean> {
    const done = await this.#options.log.flag(run, flag)
    if (!done) return false
    await this.#pokeLive(run)
    if (flag === 'cancel' || flag === 'resume') await this.#hint(run)
    return true
  }

  async state(run: RunId): Promise<'running' | 'waiting' | 'backing-off' | 'paused' | 'finished' | 'absent'> {
    const found = await this.#options.log.outcome(run)
    if (!found) return 'absent'
    if (found.state === 'paused') return 'paused'
    if (found.state !== 'open') return 'finished'
    return this.live.has(run) ? 'running' : 'waiting'
  }
}
