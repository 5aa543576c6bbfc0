import type { Clock, Instant, Millis } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { mintId, type RunId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { isConnectionError, type Pool } from '../../store/pool.ts'
import { type AppendAnswer, appendStatement } from './append-statement.ts'
import { arrayLiteral } from '../../store/array-literal.ts'
import { GroupCommit } from '../../store/group-commit.ts'
import { FactorMemory, linksOf } from './factor-memory.ts'
import { inlineBytes } from './limits.ts'
import { numberOf, positionOf, type SealedRow } from './log-postgres-rows.ts'
import type { Appended } from './ports.ts'
import { quick, within } from './statement-timeout.ts'

/**
 * Owns: how sealed rows become durable. Does not own: sealing, loading.
 *
 * 1. One batch in flight, at most 1 MiB, tenants in turn (E16).
 * 2. One statement: the rows, their pending leaves (L3), links, effects, and of an `$end` the run's state and its parent's bell (E4).
 * 3. The primary key is the fence: plain INSERT. A row needs the one before it, or its own batch's (E16).
 * 4. When a batch fails, positions are read again on another connection, then run by run, all or nothing; one's own row counts as written.
 * 5. A run whose row was bad goes alone for a minute (E16).
 *
 * Rejected: a statement a run (20 commits for 20 runs), COPY (no RETURNING of the database's times), a transaction of several statements
 * (each is a round trip: 0.81 of bare Restate, where one statement makes 1.18).
 */
export interface PendingRow {
  readonly sealed: SealedRow
  readonly isDead: () => boolean
}

const mostBytes = 1 << 20
const aloneFor: Millis = 60_000
/** A batch of one large row takes longer than others. */
const timePerMebibyte: Millis = 500
/** How often a position is read again before its attempt is given up. */
const mostLooks = 3

export class Appender {
  readonly #pool: Pool
  readonly #random: Random
  readonly #clock: Clock
  readonly #queue: GroupCommit<PendingRow, Appended>
  readonly #memory = new FactorMemory()
  readonly #alone = new Map<RunId, Instant>()

  constructor(options: { pool: Pool; random: Random; clock: Clock }) {
    this.#pool = options.pool
    this.#random = options.random
    this.#clock = options.clock
    this.#queue = new GroupCommit({
      send: (rows) => this.#send(rows),
      most: mostBytes,
      weigh: (row) => 400 + row.sealed.body.length,
      lane: (row) => row.sealed.tenant,
    })
  }

  append(row: PendingRow): Promise<Appended> {
    if (this.#alone.size > 0 && this.#isAlone(row.sealed.row.run))
      return this.#send([row]).then(([got = 'taken']) => {
        if (got instanceof Error) throw got
        return got
      })
    return this.#queue.add(row)
  }

  #isAlone(run: RunId): boolean {
    const until = this.#alone.get(run)
    if (until === undefined) return false
    if (this.#clock.now() < until) return true
    this.#alone.delete(run)
    return false
  }

  async #send(pending: readonly PendingRow[]): Promise<readonly (Appended | Error)[]> {
    const got = new Map<SealedRow, Appended | Error>()
    const alive = pending.filter((row) => !row.isDead()).map((row) => row.sealed) // a dead attempt writes nothing more (E16)
    try {
      if (alive.length > 0) await this.#insert(alive, got)
    } catch {
      got.clear()
      await this.#runByRun([...Map.groupBy(alive, (sealed) => sealed.row.run).values()], got)
    }
    return pending.map((row) => got.get(row.sealed) ?? 'taken')
  }

  /** While Postgres is away the first run finds out for all: the others would each wait as long, and hold everybody up. */
  async #runByRun(runs: readonly (readonly SealedRow[])[], got: Map<SealedRow, Appended | Error>): Promise<void> {
    let isAway: Error | undefined
    for (const rows of runs) {
      const failure = isAway ?? (await this.#insertOneRun(rows, got))
      if (!failure) continue
      for (const sealed of rows) got.set(sealed, failure)
      if (isConnectionError(failure)) isAway = failure
      else if (rows[0]) this.#alone.set(rows[0].row.run, this.#clock.now() + aloneFor)
    }
  }

  /** What the batch's failure left open is read; only what is missing is written. Answers the run's own failure. */
  async #insertOneRun(rows: readonly SealedRow[], got: Map<SealedRow, Appended | Error>): Promise<Error | undefined> {
    const [first] = rows
    if (!first) return undefined
    for (let looks = 0; looks < mostLooks; looks++) {
      try {
        const there = await this.#positions(first)
        if (there.length === 0) {
          await this.#insert(rows, got)
          return undefined
        }
        const isMine = rows.every(({ row }, i) => there[i]?.seq === row.seq && there[i].writer === row.writer)
        for (const [i, sealed] of rows.entries()) got.set(sealed, isMine ? answerOf(there[i]) : 'taken')
        return undefined
      } catch (error) {
        // Taken between the look and the insert: by another, or by the batch that was taken for lost and came through.
        if (!isUniqueViolation(error)) return asRowError(error, first.row.run)
      }
    }
    for (const sealed of rows) got.set(sealed, 'taken')
    return undefined
  }

  async #positions(first: SealedRow): Promise<ReturnedRow[]> {
    const { rows } = await this.#pool.query<ReturnedRow>({
      name: 'positions',
      text: `select run, seq, writer, extract(epoch from at) * 1000 as at, extract(epoch from due - clock_timestamp()) * 1000 as left,
          key = '$end' as rings
        from run_log where t = $1 and month = $2 and run = $3 and seq >= $4 order by seq`,
      values: [first.tenant, first.month, first.row.run, first.row.seq],
      ...within(quick),
    })
    return rows
  }

  async #insert(rows: readonly SealedRow[], got: Map<SealedRow, Appended | Error>): Promise<void> {
    const firstSeq = new Map<string, number>()
    for (const { row } of rows) if (!firstSeq.has(row.run)) firstSeq.set(row.run, row.seq)
    const payloads = rows.map((sealed) =>
      sealed.body.length > inlineBytes ? mintId('pay', this.#clock.today(), this.#random) : null,
    )
    const factors = this.#memory.newFactors(rows)
    const links = linksOf(rows)
    const ends = rows.filter((sealed) => sealed.row.final)
    const effects = rows.filter(({ row }) => row.effect || row.kind === 'act')
    const { bytes, bodyAt, leafAt } = pack(rows)
    const values: (Buffer | string)[] = [
      bytes,
      ...columns(rows, [
        (s) => s.tenant,
        (s) => s.month,
        (s) => s.row.run,
        (s) => s.row.seq,
        (s) => s.row.key,
        (s) => s.row.kind,
        (s) => s.row.phase,
        (s) => s.row.outcome,
        (s) => s.row.writer,
        (s) => s.row.at,
        (s) => s.row.dueIn ?? null,
        (_, i) => bodyAt[i],
        (s) => s.body.length,
        (_, i) => payloads[i],
        (_, i) => leafAt[i],
        (s) => s.leaf.length,
        (s) => numberOf(s.row.evidence?.confidence),
        (s) => numberOf(s.row.evidence?.cost),
        (s) => s.row.ms ?? null,
        (s) => firstSeq.get(s.row.run) ?? 0,
      ]),
      ...columns(factors, [(f) => f.tenant, (f) => f.id, (f) => f.kind, (f) => f.digest, (f) => f.name]),
      ...columns(links, [(l) => l.tenant, (l) => l.factor, (l) => l.run, (l) => l.seq, (l) => l.hasEffect]),
      ...columns(ends, [(s) => s.row.run, (s) => s.row.final?.state, codeOf]),
      ...columns(effects, [
        (s) => s.row.run,
        (s) => s.month,
        (s) => s.row.seq,
        (s) => s.row.key,
        (s) => s.row.effect?.actionDigest ?? null,
        (s) => s.row.effect?.token ?? null,
        (s) => s.effectArguments ?? null,
        effectState,
      ]),
    ]
    const statement = appendStatement({
      factors: factors.length > 0,
      links: links.length > 0,
      ends: ends.length > 0,
      effects: effects.length > 0,
      payloads: payloads.some((id) => id !== null),
    })
    const timeout = within(quick + (bytes.length / mostBytes) * timePerMebibyte)
    const { rows: answers } = await this.#pool.query<AppendAnswer>({ ...statement, values, ...timeout })
    const written = readAnswer(answers[0])
    for (const sealed of rows) got.set(sealed, written(sealed))
    this.#memory.remember(factors)
  }
}

/** What became of each row of a batch. */
function readAnswer(answer: AppendAnswer | undefined): (sealed: SealedRow) => Appended {
  const { written = 0, which, due, rings } = answer ?? {}
  const isWritten = which && new Set(which.map(([run, seq]) => positionOf(run, seq)))
  const left = due && new Map(due.map(([run, seq, ms]) => [positionOf(run, seq), ms]))
  return ({ row: { run, seq, at, dueIn, final } }) => {
    if (written === 0 || (isWritten && !isWritten.has(positionOf(run, seq)))) return 'taken'
    const ms = dueIn === undefined ? undefined : left?.get(positionOf(run, seq))
    const ringsParent = final !== undefined && rings?.includes(run)
    return { at, ...(ms !== undefined && { left: ms }), ...(ringsParent && { ringsParent }) }
  }
}

interface ReturnedRow {
  readonly run: RunId
  readonly seq: number
  readonly writer: string
  readonly at: string
  readonly left: string | null
  /** Of an `$end`: a wake of the parent is due. Read again after a failure, it is due in any case. */
  readonly rings: boolean
}

/** Every body and leaf in one buffer, with the place of each, counted from 1. */
function pack(rows: readonly SealedRow[]): { bytes: Buffer; bodyAt: number[]; leafAt: number[] } {
  const [bodyAt, leafAt]: [number[], number[]] = [[], []]
  const parts: Buffer[] = []
  let at = 1
  for (const { body, leaf } of rows) {
    bodyAt.push(at)
    leafAt.push(at + body.length)
    at += body.length + leaf.length
    parts.push(body, leaf)
  }
  return { bytes: Buffer.concat(parts, at - 1), bodyAt, leafAt }
}

type Cell = string | number | boolean | null | undefined

/** Nothing for a part that the batch lacks. */
const columns = <T>(items: readonly T[], picks: readonly ((item: T, i: number) => Cell)[]): string[] =>
  items.length === 0 ? [] : picks.map((pick) => arrayLiteral(items.map(pick)))

function answerOf(row: ReturnedRow | undefined): Appended {
  if (!row) return 'taken'
  return {
    at: Number(row.at),
    ...(row.left !== null && { left: Number(row.left) }),
    ...(row.rings && { ringsParent: true }),
  }
}

const codeOf = ({ row }: SealedRow): string | null =>
  row.settlement && 'error' in row.settlement ? row.settlement.error.code : null

function effectState(sealed: SealedRow): 'intended' | 'done' | 'failed' | 'unknown' {
  if (sealed.row.phase === 'intent') return 'intended'
  if (codeOf(sealed) === 'step/outcome-unknown') return 'unknown'
  return sealed.row.outcome === 'done' ? 'done' : 'failed'
}

const sqlState = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
const isUniqueViolation = (error: unknown): boolean => sqlState(error) === '23505'
/** Raised by the trigger on `effect`: other arguments under the same token (E2). */
const tokenReused = 'MR001'

function asRowError(error: unknown, run: RunId): Error {
  if (sqlState(error) === tokenReused) return new MillraceError('run/token-reused', { run }, { cause: error })
  return error instanceof Error ? error : new Error(String(error))
}
