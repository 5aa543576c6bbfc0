import type { Clock } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import { mintId, type ProcessId, type RunId, type WriterId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { installAuthorGuard } from './author-guard.ts'
import { AttemptLost, settlementOf } from './failures.ts'
import { startHousekeeping } from './housekeeping.ts'
import { defaultLimits, type SegmentLimits } from './limits.ts'
import type { Doorbell, Engine, FinalState, LoadedRun, Log, RunHandler, Scheduler } from './ports.ts'
import type { Settlement, StartRun } from './ports.ts'
import { endRow, Segment, type SegmentEnd } from './segment.ts'
import { claimsOfPoison, claimsOfSuspect, Suspects } from './suspects.ts'
import { startWatchdog } from './watchdog.ts'

/** A delayed wake up to this is the scheduler's; a longer one the sweeper's (E22). */
const longestWake = 60_000
/** The scheduler tries a failed attempt again within 10 s (E7). One that it has not tried for so long was killed there, or is wiped. */
const triedAgainWithin = 30_000

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
  /** A thread ends this process when its event loop stands still (E7). */
  readonly isWatched?: boolean
  /** A step's body is deaf to its abort: the process should be replaced soon (E8). */
  readonly retire?: (run: RunId, step: string) => void
  /** Something that a person should look at before it stops a run (E24). */
  readonly warn?: (run: RunId, message: string) => void
}

/** One core over the two ports (docs/specs/engine.md). */
export function createEngine(options: EngineOptions): Engine & { readonly live: ReadonlyMap<RunId, Segment> } {
  return new RunEngine(options)
}

type HandlerOf = (run: LoadedRun) => RunHandler | undefined

/**
 * Owns: the segments that live in this process. Does not own: the order of a segment's rows (segment), when one runs (scheduler).
 *
 * 1. A run that has ended is never driven, whatever wakes it (E10).
 * 2. A run that cannot go on by itself (diverged, unreadable, without code) is paused with its reason, and never retried (E17).
 * 3. A parent is woken by the first bell above the one that it saw, not by every child's end (E19).
 * 4. A run under which processes die is driven alone, then paused as poison (E7).
 */
class RunEngine implements Engine {
  readonly live = new Map<RunId, Segment>()
  readonly #options: EngineOptions
  readonly #limits: SegmentLimits
  readonly #suspects: Suspects
  #isDraining = false
  /** Told each time that a segment is over. */
  #drained: (() => void) | undefined

  constructor(options: EngineOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    const { log, clock, process } = options
    this.#suspects = new Suspects({ clock, unclaim: (run) => log.unclaim(run, process) })
  }

  async serve(handlerOf: HandlerOf): Promise<AsyncDisposable> {
    installAuthorGuard()
    this.#isDraining = false
    const { scheduler, log, process, housekeeping } = this.#options
    const isKeeping = housekeeping !== false
    if (isKeeping) await log.beat(process).catch(() => {}) // before anything is claimed; while Postgres is away nothing can be
    const served = await scheduler.serve((run, over) => this.#segment(run, over, handlerOf))
    const stopHousekeeping = isKeeping ? startHousekeeping({ ...this.#options, live: this.live }) : undefined
    const stopWatchdog = this.#options.isWatched
      ? await startWatchdog({ ...this.#options, live: this.live })
      : undefined
    return {
      [Symbol.asyncDispose]: async () => {
        await this.#drain()
        await stopWatchdog?.()
        await stopHousekeeping?.()
        if (isKeeping) await log.leave(process).catch(() => {})
        await served[Symbol.asyncDispose]()
      },
    }
  }

  /** What is under way lands, within a bound; nothing new begins. */
  async #drain(): Promise<void> {
    this.#isDraining = true
    this.#suspects.refuseAll()
    for (const segment of this.live.values()) segment.drain()
    await new Promise<void>((resolve) => {
      const cancelTimer = this.#options.clock.after(this.#limits.drain, resolve)
      this.#drained = () => {
        if (this.live.size > 0) return
        cancelTimer()
        resolve()
      }
      this.#drained()
    })
    for (const segment of this.live.values()) segment.kill()
  }

  async #segment(run: RunId, over: AbortSignal, handlerOf: HandlerOf): Promise<void> {
    if (this.#isDraining) throw new AttemptLost('this process is going down')
    const { log, clock, random, process } = this.#options
    const writer = mintId('wri', clock.today(), random)
    let endTurn: (() => void) | undefined
    try {
      let loaded = await log.load(run, { process, writer })
      if (loaded && isSuspect(loaded)) {
        endTurn = await this.#suspects.turn(run, over)
        loaded = await log.load(run, { process, writer, isAlone: true })
      }
      if (!loaded || loaded.hasEnded || loaded.state === 'paused') return // E10: an ended run answers from its `$end`
      if (loaded.state === 'killed') await this.#bury(loaded, writer, 'killed', killed)
      else await this.#driveOrGiveUp(loaded, writer, over, handlerOf)
    } catch (error) {
      if (isMillraceError(error) && error.retry === 'pause') return await this.#pause(run, error) // E17: recorded, paused, never retried
      void log.dueWithin(run, triedAgainWithin).catch(() => {}) // E22: the engine may have forgotten it
      if (over.aborted) throw new AttemptLost('the attempt is over', { cause: error })
      throw error
    } finally {
      endTurn?.()
      log.release(writer)
    }
  }

  /** A run that is cancelled and cannot go on ends so: its code cannot undo anything any more, and a person has said that it shall end. */
  async #driveOrGiveUp(loaded: LoadedRun, writer: WriterId, over: AbortSignal, handlerOf: HandlerOf): Promise<void> {
    try {
      await this.#drive(loaded, writer, over, handlerOf)
    } catch (error) {
      if (!loaded.cancel || !isMillraceError(error) || error.retry !== 'pause') throw error
      await this.#bury(loaded, writer, 'cancelled', settlementOf(error))
    }
  }

  async #drive(loaded: LoadedRun, writer: WriterId, over: AbortSignal, handlerOf: HandlerOf): Promise<void> {
    const { log, clock, retire, warn } = this.#options
    const { run, claims = 0 } = loaded
    if (claims >= claimsOfPoison) throw new MillraceError('run/poison', { run, deaths: claims })
    const handler = handlerOf(loaded)
    if (!handler) {
      const digest = loaded.digest.slice(0, 12)
      throw new MillraceError('run/no-pipeline', { run, pipeline: loaded.pipeline, digest })
    }
    const children = {
      start: (child: StartRun) => this.start(child),
      outcome: (id: RunId) => log.outcome(id).then((got) => got?.outcome),
      cancel: (id: RunId) => this.cancel(id),
    }
    const limits = this.#limits
    const segment = new Segment({
      loaded,
      log,
      clock,
      writer,
      limits,
      children,
      retire: (step) => retire?.(run, step),
      warn: (message) => warn?.(run, message),
    })
    const kill = (): void => segment.kill()
    if (over.aborted) kill()
    over.addEventListener('abort', kill, { once: true }) // E6: the attempt is over, drop everything
    this.live.set(run, segment)
    if (this.#isDraining) segment.drain()
    try {
      await this.#settle(loaded, await segment.drive(handler))
    } finally {
      over.removeEventListener('abort', kill)
      if (this.live.get(run) === segment) this.live.delete(run)
      this.#drained?.()
    }
  }

  async #settle(loaded: LoadedRun, end: SegmentEnd): Promise<void> {
    const { log, scheduler } = this.#options
    if (end.type === 'paused') return
    if (end.type === 'ended') {
      if (loaded.parent) await this.#tell(loaded.parent.run, end.ringsParent) // its bell rose with the `$end` (E4)
      return
    }
    const hasRung = await log.park(loaded.run, { after: end.after, bell: end.bell })
    if (hasRung) await scheduler.wake(loaded.run)
    else if (end.after !== undefined && end.after <= longestWake) await scheduler.wake(loaded.run, end.after) // E22
  }

  /** Ends a run without its code: what is done stands, nothing is undone, and the `$end` declares it (L6). */
  async #bury(loaded: LoadedRun, writer: WriterId, state: FinalState, settlement: Settlement): Promise<void> {
    const { run, now, rows, parent } = loaded
    const row = endRow({ settlement, state, seq: rows.length })
    const written = await this.#options.log.append(
      { ...row, run, writer, seq: rows.length, at: Math.round(now) },
      () => false,
    )
    if (written === 'taken') throw new AttemptLost('a segment was still writing')
    if (parent) await this.#tell(parent.run, written.ringsParent === true)
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
    await this.#tell(run, await this.#options.log.ring(run))
  }

  /** Tells a run that its bell has risen: here at once, elsewhere by its poll; `isFirst`: by a wake (E19). */
  async #tell(run: RunId, isFirst: boolean): Promise<void> {
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
    if (flag !== 'pause') await this.#hint(run)
    return true
  }

  async state(run: RunId): Promise<'running' | 'waiting' | 'backing-off' | 'paused' | 'finished' | 'absent'> {
    const found = await this.#options.log.outcome(run)
    if (!found) return 'absent'
    if (found.state === 'paused') return 'paused'
    if (found.outcome) return 'finished'
    const segment = this.live.get(run)
    if (segment) return segment.isBackingOff ? 'backing-off' : 'running'
    return found.activity
  }
}

/** One that is poison already is not driven at all. */
const isSuspect = ({ state, claims = 0 }: LoadedRun): boolean =>
  state === 'open' && claims >= claimsOfSuspect && claims < claimsOfPoison

const killed: Settlement = {
  error: { code: 'run/killed', message: 'The run was killed: nothing that it had done was undone.' },
}
