import type { Clock, Instant, Millis } from '../../core/clock.ts'
import type { RunId, WriterId } from '../../core/ids.ts'
import { inlineOf } from './limits.ts'
import type {
  Appended,
  Claim,
  LoadedRow,
  LoadedRun,
  Log,
  NewRow,
  RunFlags,
  RunReport,
  RunState,
  StartRun,
} from './ports.ts'

interface KeptRun {
  readonly start: StartRun
  readonly started: Instant
  readonly rows: KeptRow[]
  state: RunState
  cancel: boolean
  bell: number
  /** The bell that the last load saw (E19). */
  bellSeen: number
  heardBy: Instant
  /** Bytes of the settlements that Postgres would keep inline (E24). */
  inline: number
}
export type KeptRow = NewRow & { readonly due?: Instant }

/**
 * The log in memory, for `millrace/testing` and the conformance suite: the same promises as Postgres's, without encryption. Appends become
 * durable in batches, and their writers are told a turn later, so that a crash can fall between.
 */
export class MemoryLog implements Log {
  readonly runs = new Map<RunId, KeptRun>()
  readonly #clock: Clock
  readonly #moved: () => void
  #queue: { row: NewRow; isDead: () => boolean; told: (got: Appended) => void }[] = []
  /** Answers of an earlier life reach nobody. */
  #life = 0

  constructor(clock: Clock, moved: () => void = () => {}) {
    this.#clock = clock
    this.#moved = moved
  }

  async load(run: RunId, _claim?: Claim): Promise<LoadedRun | undefined> {
    await this.#clock.turn()
    const kept = this.runs.get(run)
    if (!kept) return undefined
    const now = this.#clock.today()
    if (kept.state === 'open') {
      kept.bellSeen = kept.bell
      kept.heardBy = now + loadHeardWithin
    }
    const { tenant, root, parent, pipeline, digest, input, entity, subject, key, principal } = kept.start
    return structuredClone({
      tenant,
      run,
      root: root ?? run,
      ...(parent && { parent }),
      pipeline,
      digest,
      input,
      ...(entity && { entity }),
      ...(subject && { subject }),
      ...(key && { key }),
      ...(principal && { principal }),
      state: kept.state,
      hasEnded: hasEnded(kept),
      cancel: kept.cancel,
      bell: kept.bell,
      started: kept.started,
      now,
      rows: kept.rows.map((row) => toLoaded(row, now)),
    })
  }

  append(row: NewRow, isDead: () => boolean): Promise<Appended> {
    this.#moved()
    return new Promise((resolve) => {
      this.#queue.push({ row, isDead, told: resolve })
      if (this.#queue.length === 1) setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    const life = this.#life
    for (const { row, isDead, told } of this.#queue.splice(0)) {
      const kept = this.runs.get(row.run)
      const got: Appended = !kept || isDead() || kept.rows.length !== row.seq ? 'taken' : this.#write(kept, row) // E16: dense, and mine alone
      setImmediate(() => {
        this.#moved()
        if (life === this.#life) told(got)
      })
    }
  }

  #write(kept: KeptRun, row: NewRow): Appended {
    const due = row.dueIn === undefined ? undefined : this.#clock.today() + row.dueIn
    kept.rows.push({ ...structuredClone(row), ...(due !== undefined && { due }) })
    kept.inline += row.settlement ? inlineOf([JSON.stringify(row.settlement).length]) : 0
    let ringsParent = false
    if (row.final) {
      kept.state = row.final.state
      const parent = kept.start.parent && this.runs.get(kept.start.parent.run)
      if (parent && !hasEnded(parent)) ringsParent = this.#raise(parent) // E4
    }
    return { at: row.at, ...(row.dueIn !== undefined && { left: row.dueIn }), ringsParent }
  }

  async insert(start: StartRun): Promise<'accepted' | 'already-known'> {
    this.#moved()
    if (this.runs.has(start.run)) return 'already-known'
    const started = this.#clock.today()
    this.runs.set(start.run, {
      start: structuredClone(start),
      started,
      rows: [],
      state: 'open',
      cancel: false,
      bell: 0,
      bellSeen: 0,
      heardBy: started,
      inline: 0,
    })
    return 'accepted'
  }

  async ring(run: RunId): Promise<boolean> {
    this.#moved()
    const kept = this.runs.get(run)
    return kept !== undefined && !hasEnded(kept) && this.#raise(kept)
  }

  #raise(kept: KeptRun): boolean {
    kept.bell++
    kept.heardBy = Math.min(kept.heardBy, this.#clock.today() + bellHeardWithin)
    return kept.bell === kept.bellSeen + 1
  }

  release(): void {}

  inlineOf(_writer: WriterId, run: RunId): number {
    return this.runs.get(run)?.inline ?? 0
  }

  async flag(run: RunId, flag: 'cancel' | 'pause' | 'resume' | 'kill'): Promise<boolean> {
    this.#moved()
    const kept = this.runs.get(run)
    if (!kept || hasEnded(kept)) return false
    if (flag === 'cancel') kept.cancel = true
    if (flag === 'kill') kept.state = 'killed'
    else if (kept.state !== 'killed') kept.state = flag === 'pause' ? 'paused' : 'open' // a cancel wakes a paused run, to end it
    kept.heardBy = kept.state === 'paused' ? Infinity : this.#clock.today()
    return true
  }

  async poll(runs: readonly RunId[]): Promise<readonly RunFlags[]> {
    return runs.flatMap((run) => {
      const kept = this.runs.get(run)
      return kept ? [{ run, cancel: kept.cancel, bell: kept.bell, state: kept.state }] : []
    })
  }

  async park(run: RunId, { after, bell }: { after: Millis | undefined; bell: number }): Promise<boolean> {
    this.#moved()
    const kept = this.runs.get(run)
    if (!kept) return false
    const hasRung = kept.bell > bell || (kept.cancel && !kept.rows.some((row) => row.key === '$cancel'))
    kept.heardBy = hasRung ? this.#clock.today() : after === undefined ? Infinity : this.#clock.today() + after
    return hasRung
  }

  async dueWithin(run: RunId, ms: Millis): Promise<void> {
    const kept = this.runs.get(run)
    if (kept) kept.heardBy = Math.min(kept.heardBy, this.#clock.today() + ms)
  }

  async overdue(limit: number): Promise<readonly RunId[]> {
    const now = this.#clock.today()
    const due = [...this.runs].filter(([, kept]) => isAwaited(kept) && kept.heardBy <= now).slice(0, limit)
    for (const [, kept] of due) kept.heardBy = now + bellHeardWithin
    return due.map(([run]) => run)
  }

  /** One process at a time: nothing is counted here (E7). */
  async beat(): Promise<void> {}
  async leave(): Promise<void> {}
  async unclaim(): Promise<void> {}

  /** When the sweeper would next send a wake: undefined when no open run has a deadline. */
  nextDue(): Instant | undefined {
    const due = [...this.runs.values()].filter(isAwaited).map((kept) => kept.heardBy)
    const first = Math.min(...due)
    return Number.isFinite(first) ? first : undefined
  }

  async outcome(run: RunId): Promise<RunReport | undefined> {
    const kept = this.runs.get(run)
    if (!kept) return undefined
    const end = kept.rows.at(-1)
    const outcome =
      end?.final && end.settlement ? { state: end.final.state, settlement: structuredClone(end.settlement) } : undefined
    const activity = end?.phase.startsWith('try') ? 'backing-off' : 'waiting' // who drives it here knows better
    return { state: kept.state, activity, ...(outcome && { outcome }) }
  }

  /** The process died: what was queued is gone, what is durable stays, and nobody is told. */
  crash(): void {
    this.#life++
    this.#queue = []
  }

  /** Removes the last rows of a run, as a lost tail would (E16). */
  cut(run: RunId, rows: number): void {
    this.runs.get(run)?.rows.splice(-rows, rows)
  }
}

const bellHeardWithin: Millis = 5000
const loadHeardWithin: Millis = 600_000
const hasEnded = (kept: KeptRun): boolean => kept.rows.at(-1)?.final !== undefined
/** The sweeper wakes it: paused runs are skipped (E22). */
const isAwaited = (kept: KeptRun): boolean => kept.state !== 'paused' && !hasEnded(kept)

function toLoaded(row: KeptRow, now: Instant): LoadedRow {
  const { seq, key, kind, phase, writer, at, settlement, argumentsDigest, due } = row
  return {
    seq,
    key,
    kind,
    phase,
    writer,
    at,
    ...(due !== undefined && { left: due - now }),
    ...(settlement && { settlement }),
    ...(argumentsDigest !== undefined && { argumentsDigest }),
  }
}
