/** What a batch of appends has besides its rows: a part that it lacks is not planned. */
export interface AppendParts {
  readonly factors: boolean
  readonly links: boolean
  readonly ends: boolean
  readonly effects: boolean
  readonly payloads: boolean
}

const statements = new Map<string, { name: string; text: string }>()

/** One prepared statement for each combination of parts. */
export function appendStatement(parts: AppendParts): { readonly name: string; readonly text: string } {
  const { factors, links, ends, effects, payloads } = parts
  const name = `append${[factors, links, ends, effects, payloads].map(Number).join('')}`
  let statement = statements.get(name)
  if (!statement) statements.set(name, (statement = { name, text: textOf(parts) }))
  return statement
}

/**
 * The row before must be there, or be of the same batch (E16). A scalar subquery: `exists` was planned as a hash of the whole log. Bodies and
 * leaves come in one binary parameter and are cut out of it: arrays of bytea travel as text, which cost each side a tenth of its time. The
 * hash of a leaf is computed from the bytes that are stored (L9).
 */
const rows = `
x(t, month, run, seq, key, kind, phase, outcome, writer, at, due_in, body_at, body_length, payload, leaf_at, leaf_length, confidence, cost, ms,
    first_seq) as (
  select * from unnest($2::text[], $3::int[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::float8[],
    $12::float8[], $13::int[], $14::int[], $15::text[], $16::int[], $17::int[], $18::real[], $19::bigint[], $20::int[], $21::int[])),
ok as (
  insert into run_log (t, month, run, seq, key, kind, phase, outcome, writer, at, due, body, payload, leaf, leaf_hash, confidence, cost, ms)
  select t, month, run, seq, key, kind, phase, outcome, writer, to_timestamp(at / 1000), clock_timestamp() + due_in * interval '1 ms',
    case when payload is null then substring($1::bytea from body_at for body_length) end, payload,
    substring($1::bytea from leaf_at for leaf_length), sha256('\\x00'::bytea || substring($1::bytea from leaf_at for leaf_length)),
    confidence, cost, ms
  from x where first_seq = 0 or (
    select true from run_log p where p.t = x.t and p.month = x.month and p.run = x.run and p.seq = x.first_seq - 1)
  returning t, run, seq, key, writer, at, due, leaf_hash)`

/** L3: a record and its pending leaf commit together. */
const pending = `pending as (insert into ledger_pending (t, run, seq, leaf_hash) select t, run, seq, leaf_hash from ok)`

type Take = (...types: string[]) => string

const factorRows = (take: Take): string => `
factors as (
  insert into factor (t, id, kind, digest, name) select * from unnest(${take('text', 'text', 'text', 'text', 'text')}) on conflict do nothing)`

/** Only of rows that were written: what a lost attempt used is nobody's lineage. */
const linkRows = (take: Take): string => `
links as (
  insert into run_factor (t, factor, run, first_seq, has_effect)
  select y.* from unnest(${take('text', 'text', 'text', 'int', 'boolean')}) as y(t, factor, run, seq, has_effect)
  join ok on ok.run = y.run and ok.seq = y.seq on conflict do nothing)`

/** Of an `$end`: the run's state, and its parent's bell in the same transaction (E4). `first`: a wake of the parent is due (E19). */
const endRows = (take: Take): string => `
e as (
  select e.* from unnest(${take('text', 'text', 'text')}) as e(run, state, why) join ok on ok.run = e.run and ok.key = '$end'),
ended as (
  update run set state = e.state, ended = clock_timestamp(), why = e.why from e where run.id = e.run returning run.id, run.parent),
heard as (delete from wake using e where wake.run = e.run),
belled as (
  update run p set bell = p.bell + n.rings
  from (select parent, count(*)::int as rings, min(id) as teller from ended where parent is not null group by parent) n
  where p.id = n.parent and coalesce(p.ended, 'infinity') = 'infinity' returning p.id, p.bell, n.rings, n.teller),
told as (
  update wake w set heard_by = least(w.heard_by, clock_timestamp() + interval '5 s') from belled
  where w.run = belled.id returning belled.teller, belled.bell - belled.rings <= w.bell_seen as first)`

/**
 * The effects of a run (L1). An intent is a row of its own; whatever comes next of the same step settles the one before: an outcome, a failed
 * attempt, or, after a look that found nothing, another intent. What has landed marks the run's links: "what did this touch" asks for them.
 */
const effectRows = (take: Take): string => `
f(run, month, seq, key, action_digest, token, arguments_digest, state) as (
  select * from unnest(${take('text', 'int', 'int', 'text', 'text', 'text', 'text', 'text')})),
intents as (
  insert into effect (t, run, seq, action_digest, token, arguments_digest)
  select ok.t, f.run, f.seq, f.action_digest, f.token, f.arguments_digest from f join ok on ok.run = f.run and ok.seq = f.seq
  where f.state = 'intended'),
outcomes as (
  update effect set state = case when f.state = 'intended' then 'failed' else f.state end
  from f join ok on ok.run = f.run and ok.seq = f.seq
  where effect.t = ok.t and effect.run = f.run and effect.state = 'intended' and effect.seq = (
    select l.seq from run_log l where l.t = ok.t and l.month = f.month and l.run = f.run and l.key = f.key and l.phase = 'intent'
    order by l.seq desc limit 1)),
touched as (
  update run_factor r set has_effect = true from f join ok on ok.run = f.run and ok.seq = f.seq
  where f.state in ('done', 'unknown') and r.t = ok.t and r.run = f.run and not r.has_effect)`

/** Of rows that were written: values too large for a row (E8). */
const payloadRows = `
large as (
  insert into payload (t, month, id, key_id, class, body, bytes)
  select ok.t, id_month(x.payload), x.payload, coalesce(r.key_id, ''), 'result', substring($1::bytea from body_at for body_length), body_length
  from x join ok on ok.run = x.run and ok.seq = x.seq
  cross join lateral (select key_id from run where run.id = x.run offset 0) r where x.payload is not null)`

function textOf(parts: AppendParts): string {
  let next = 22
  const take: Take = (...types) => types.map((type) => `$${next++}::${type}[]`).join(', ')
  const ctes = [
    rows,
    pending,
    ...(parts.factors ? [factorRows(take)] : []),
    ...(parts.links ? [linkRows(take)] : []),
    ...(parts.ends ? [endRows(take)] : []),
    ...(parts.effects ? [effectRows(take)] : []),
    ...(parts.payloads ? [payloadRows] : []),
  ]
  const rings = parts.ends ? `(select json_agg(teller) from told where first)` : 'null::json'
  return `with ${ctes.join(',\n')}
select count(*)::int as written,
  case when count(*) < cardinality($4::text[]) then json_agg(json_build_array(run, seq)) end as which,
  json_agg(json_build_array(run, seq, extract(epoch from due - clock_timestamp()) * 1000)) filter (where due is not null) as due,
  ${rings} as rings
from ok`
}

/** What the statement answers: one row, since most batches are written whole and have nothing more to say. */
export interface AppendAnswer {
  readonly written: number
  /** The positions that were written; null: all of them, or none. */
  readonly which: readonly (readonly [run: string, seq: number])[] | null
  /** Of rows with a deadline: the milliseconds left until then, by the database's clock (E11). */
  readonly due: readonly (readonly [run: string, seq: number, left: number])[] | null
  /** Children whose `$end` is the first bell above the one that their parent saw (E19). */
  readonly rings: readonly string[] | null
}
