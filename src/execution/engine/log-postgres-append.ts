import type { Random } from '../../core/random.ts'
import { mintId } from '../../core/ids.ts'
import type { Clock } from '../../core/clock.ts'
import type { Pool } from '../../store/pool.ts'
import { GroupCommit } from './group-commit.ts'
import { factorIdOf, positionOf, type SealedRow } from './log-postgres-rows.ts'
import type { Appended } from './ports.ts'

/**
 * Owns: how sealed rows become durable. Does not own: sealing, loading.
 *
 * 1. One batch in flight, first in first out, at most 1 MiB (E16).
 * 2. One statement: the rows, their pending leaves (L3), links, effects, and of an `$end` the run's state and its parent's bell (E4).
 * 3. The primary key is the fence: plain INSERT. A row needs the one before it, or its own batch's (E16).
 * 4. When a batch fails, positions are read again on another connection, then run by run, all or nothing; one's own row counts as written.
 *
 * Rejected: a statement a run (20 commits for 20 runs), COPY (no RETURNING of the database's times), a transaction of several statements
 * (each is a round trip: 0.81 of bare Restate, where one statement makes 1.18).
 */
export interface PendingRow {
  readonly sealed: SealedRow
  readonly isDead: () => boolean
}

const mostBytes = 1 << 20
const inlineBytes = 64 * 1024

export class Appender {
  readonly #pool: Pool
  readonly #random: Random
  readonly #clock: Clock
  readonly #queue: GroupCommit<PendingRow, Appended>
  /** Factors that the database has, and links that this process has written: so that a steady state inserts nothing. */
  readonly #known = new Set<string>()

  constructor(options: { pool: Pool; random: Random; clock: Clock }) {
    this.#pool = options.pool
    this.#random = options.random
    this.#clock = options.clock
    this.#queue = new GroupCommit({
      send: (rows) => this.#send(rows),
      most: mostBytes,
      weigh: (row) => 400 + (row.sealed.body?.length ?? 0),
    })
  }

  append(row: PendingRow): Promise<Appended> {
    return this.#queue.add(row)
  }

  async #send(pending: readonly PendingRow[]): Promise<readonly (Appended | Error)[]> {
    const got = new Map<SealedRow, Appended | Error>()
    const alive = pending.filter((row) => !row.isDead()).map((row) => row.sealed) // a dead attempt writes nothing more
    try {
      if (alive.length > 0) await this.#insert(alive, got)
    } catch {
      got.clear()
      for (const rows of Map.groupBy(alive, (sealed) => sealed.row.run).values()) await this.#insertOneRun(rows, got)
    }
    return pending.map((row) => got.get(row.sealed) ?? 'taken')
  }

  async #insertOneRun(rows: readonly SealedRow[], got: Map<SealedRow, Appended | Error>): Promise<void> {
    const [first] = rows
    if (!first) return
    try {
      const there = await this.#positions(first)
      if (there.length === 0) return await this.#insert(rows, got)
      const isMine = rows.every(
        (sealed, i) => there[i]?.seq === sealed.row.seq && there[i].writer === sealed.row.writer,
      )
      for (const [i, sealed] of rows.entries()) got.set(sealed, isMine ? timesOf(there[i]) : 'taken')
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === '23505'
      for (const sealed of rows)
        got.set(sealed, isTaken ? 'taken' : error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #positions(first: SealedRow): Promise<ReturnedRow[]> {
    const { rows } = await this.#pool.query<ReturnedRow>({
      name: 'positions',
      text: `select run, seq, writer, extract(epoch from at) * 1000 as at, extract(epoch from due - clock_timestamp()) * 1000 as left
        from run_log where t = $1 and month = $2 and run = $3 and seq >= $4 order by seq`,
      values: [first.tenant, first.month, first.row.run, first.row.seq],
    })
    return rows
  }

  async #insert(rows: readonly SealedRow[], got: Map<SealedRow, Appended | Error>): Promise<void> {
    const firstSeq = new Map<string, number>()
    for (const { row } of rows) if (!firstSeq.has(row.run)) firstSeq.set(row.run, row.seq)
    const payloads = rows.map((sealed) =>
      (sealed.body?.length ?? 0) > inlineBytes ? mintId('pay', this.#clock.today(), this.#random) : null,
    )
    const news = this.#newFactors(rows)
    const links = this.#newLinks(rows)
    const ends = rows.filter((sealed) => sealed.row.final)
    const effects = rows.filter(
      (sealed) => sealed.row.effect || (sealed.row.kind === 'act' && sealed.row.phase === 'end'),
    )
    const large = rows.flatMap((sealed, i) => (payloads[i] ? [{ sealed, id: payloads[i] }] : []))
    const parts: Parts = {
      factors: news.length > 0,
      links: links.length > 0,
      ends: ends.length > 0,
      effects: effects.length > 0,
      payloads: large.length > 0,
    }
    const values: unknown[] = [
      rows.map((s) => s.tenant),
      rows.map((s) => s.month),
      rows.map((s) => s.row.run),
      rows.map((s) => s.row.seq),
      rows.map((s) => s.row.key),
      rows.map((s) => s.row.kind),
      rows.map((s) => s.row.phase),
      rows.map((s) => s.row.outcome),
      rows.map((s) => s.row.writer),
      rows.map((s) => s.row.at),
      rows.map((s) => s.row.dueIn ?? null),
      rows.map((s, i) => (payloads[i] ? null : s.body)),
      payloads,
      rows.map((s) => s.leaf),
      rows.map((s) => s.leafHash),
      rows.map((s) => s.row.evidence?.confidence ?? null),
      rows.map((s) => s.row.evidence?.cost ?? null),
      rows.map((s) => s.row.ms ?? null),
      rows.map((s) => firstSeq.get(s.row.run) ?? 0),
      ...(parts.factors
        ? [
            news.map((f) => f.tenant),
            news.map((f) => f.id),
            news.map((f) => f.kind),
            news.map((f) => f.digest),
            news.map((f) => f.name),
          ]
        : []),
      ...(parts.links
        ? [
            links.map((l) => l.tenant),
            links.map((l) => l.factor),
            links.map((l) => l.run),
            links.map((l) => l.seq),
            links.map((l) => l.hasEffect),
          ]
        : []),
      ...(parts.ends
        ? [ends.map((s) => s.row.run), ends.map((s) => s.row.final?.state), ends.map((s) => codeOf(s))]
        : []),
      ...(parts.effects
        ? [
            effects.map((s) => s.row.run),
            effects.map((s) => s.row.seq),
            effects.map((s) => s.row.key),
            effects.map((s) => s.row.effect?.actionDigest ?? null),
            effects.map((s) => s.row.effect?.token ?? null),
            effects.map((s) => s.row.argumentsDigest ?? ''),
            effects.map((s) => effectState(s)),
          ]
        : []),
      ...(parts.payloads
        ? [
            large.map((p) => p.sealed.tenant),
            large.map((p) => p.id),
            large.map((p) => p.sealed.body),
            large.map((p) => p.sealed.row.run),
          ]
        : []),
    ]
    const statement = statementOf(parts)
    const { rows: returned } = await this.#pool.query<ReturnedRow>({
      name: statement.name,
      text: statement.text,
      values,
    })
    const by = new Map(returned.map((row) => [positionOf(row.run, row.seq), row]))
    for (const sealed of rows) {
      const there = by.get(positionOf(sealed.row.run, sealed.row.seq))
      got.set(sealed, there ? timesOf(there) : 'taken')
    }
    for (const factor of news) this.#remember(factor.id)
    for (const link of links) this.#remember(`${link.run}${link.factor}`)
  }

  #remember(name: string): void {
    if (this.#known.size > 100_000) this.#known.clear()
    this.#known.add(name)
  }

  #newFactors(
    rows: readonly SealedRow[],
  ): { tenant: string; id: string; kind: string; digest: string; name: string }[] {
    const found = new Map<string, { tenant: string; id: string; kind: string; digest: string; name: string }>()
    for (const { tenant, row } of rows) {
      for (const { kind, digest, name } of row.evidence?.factors ?? []) {
        const id = factorIdOf(tenant, { kind, digest, name })
        if (!this.#known.has(id)) found.set(id, { tenant, id, kind, digest, name })
      }
    }
    return [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)) // in one order, so that two processes do not deadlock
  }

  #newLinks(
    rows: readonly SealedRow[],
  ): { tenant: string; factor: string; run: string; seq: number; hasEffect: boolean }[] {
    const found = new Map<string, { tenant: string; factor: string; run: string; seq: number; hasEffect: boolean }>()
    for (const { tenant, row, factors } of rows) {
      for (const factor of factors) {
        const name = `${row.run}${factor}`
        if (!this.#known.has(name) && !found.has(name))
          found.set(name, { tenant, factor, run: row.run, seq: row.seq, hasEffect: row.kind === 'act' })
      }
    }
    return [...found.values()].toSorted((a, b) => (a.factor + a.run < b.factor + b.run ? -1 : 1))
  }
}

interface ReturnedRow {
  readonly run: SealedRow['row']['run']
  readonly seq: number
  readonly writer: string
  readonly at: string
  readonly left: string | null
}

const timesOf = (row: ReturnedRow | undefined): Appended =>
  row ? { at: Number(row.at), ...(row.left !== null && { left: Number(row.left) }) } : 'taken'

const codeOf = ({ row }: SealedRow): string | null =>
  row.settlement && 'error' in row.settlement ? row.settlement.error.code : null

function effectState({ row }: SealedRow): 'intended' | 'done' | 'failed' | 'unknown' {
  if (row.phase === 'intent') return 'intended'
  if (codeOf({ row } as SealedRow) === 'step/outcome-unknown') return 'unknown'
  return row.outcome === 'done' ? 'done' : 'failed'
}

interface Parts {
  readonly factors: boolean
  readonly links: boolean
  readonly ends: boolean
  readonly effects: boolean
  readonly payloads: boolean
}

const statements = new Map<string, { name: string; text: string }>()

/** One prepared statement for each combination of parts: what a batch does not need is not planned. */
function statementOf(parts: Parts): { name: string; text: string } {
  const name = `append${Object.values(parts).map(Number).join('')}`
  let statement = statements.get(name)
  if (!statement) statements.set(name, (statement = { name, text: textOf(parts) }))
  return statement
}

function textOf(parts: Parts): string {
  let next = 20
  const take = (...types: string[]): string => types.map((type) => `$${next++}::${type}[]`).join(', ')
  const ctes = [
    `x(t, month, run, seq, key, kind, phase, outcome, writer, at, due_in, body, payload, leaf, leaf_hash, confidence, cost, ms, first_seq) as (
      select * from unnest($1::text[], $2::int[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::float8[],
        $11::float8[], $12::bytea[], $13::text[], $14::bytea[], $15::bytea[], $16::real[], $17::bigint[], $18::int[], $19::int[]))`,
    `ok as (
      insert into run_log (t, month, run, seq, key, kind, phase, outcome, writer, at, due, body, payload, leaf, leaf_hash, confidence, cost, ms)
      select t, month, run, seq, key, kind, phase, outcome, writer, to_timestamp(at / 1000), clock_timestamp() + due_in * interval '1 ms', body, payload,
        leaf, leaf_hash, confidence, cost, ms
      from x where first_seq = 0 or exists (
        select 1 from run_log p where p.t = x.t and p.month = x.month and p.run = x.run and p.seq = x.first_seq - 1)
      returning t, run, seq, writer, at, due, leaf_hash)`,
    `pending as (insert into ledger_pending (t, run, seq, leaf_hash) select t, run, seq, leaf_hash from ok)`,
  ]
  if (parts.factors)
    ctes.push(
      `factors as (insert into factor (t, id, kind, digest, name) select * from unnest(${take('text', 'text', 'text', 'text', 'text')}) on conflict do nothing)`,
    )
  if (parts.links)
    ctes.push(
      `links as (insert into run_factor (t, factor, run, first_seq, has_effect) select * from unnest(${take('text', 'text', 'text', 'int', 'boolean')}) on conflict do nothing)`,
    )
  if (parts.ends) {
    ctes.push(
      `e(run, state, why) as (select e.* from unnest(${take('text', 'text', 'text')}) as e(run, state, why) join ok on ok.run = e.run and exists (select 1 from x where x.run = e.run and x.seq = ok.seq and x.key = '$end'))`,
      `ended as (update run set state = e.state, ended = clock_timestamp(), why = e.why from e where run.id = e.run and run.ended is null returning run.t, run.parent)`,
      `heard as (delete from wake using e where wake.run = e.run)`,
      `belled as (update run p set bell = p.bell + n.rings from (select t, parent, count(*)::int as rings from ended where parent is not null group by t, parent) n where p.t = n.t and p.id = n.parent returning p.id)`,
      `told as (update wake w set heard_by = least(w.heard_by, clock_timestamp() + interval '5 s') from belled where w.run = belled.id)`,
    )
  }
  if (parts.effects) {
    ctes.push(
      `f(run, seq, key, action_digest, token, arguments_digest, state) as (select * from unnest(${take('text', 'int', 'text', 'text', 'text', 'text', 'text')}))`,
      `intents as (insert into effect (t, run, seq, action_digest, token, arguments_digest) select ok.t, f.run, f.seq, f.action_digest, f.token, f.arguments_digest from f join ok on ok.run = f.run and ok.seq = f.seq where f.state = 'intended')`,
      `outcomes as (update effect set state = f.state from f join ok on ok.run = f.run and ok.seq = f.seq
        where f.state <> 'intended' and effect.t = ok.t and effect.run = f.run and effect.state = 'intended'
          and effect.seq = (select max(l.seq) from run_log l where l.t = ok.t and l.month = id_month(f.run) and l.run = f.run and l.key = f.key and l.phase = 'intent'))`,
    )
  }
  if (parts.payloads)
    ctes.push(`large as (insert into payload (t, month, id, key_id, class, body, bytes)
      select y.t, id_month(y.id), y.id, coalesce(r.key_id, ''), 'result', y.body, length(y.body) from unnest(${take('text', 'text', 'bytea', 'text')}) as y(t, id, body, run) join run r on r.t = y.t and r.id = y.run)`)
  return `with ${ctes.join(',\n')}\nselect run, seq, writer, extract(epoch from at) * 1000 as at, extract(epoch from due - clock_timestamp()) * 1000 as left from ok`
}
