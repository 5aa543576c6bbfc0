import type { CallId, KeyId, RunId, SubjectId, TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'

/** Where an answer stands. */
export interface Place {
  readonly tenant: TenantId
  readonly route: string
  readonly key: Buffer
}

export interface Row extends Place {
  readonly call: CallId
  readonly version: string
  readonly model: string
  readonly subject: SubjectId | null
  readonly keyId: KeyId | null
  readonly scope: Buffer | null
  readonly asked: string | null
  readonly vector: Buffer | null
  readonly sources: readonly string[]
  readonly status: number
  readonly type: string
  readonly dropped: string | null
  readonly nano: string | null
  readonly currency: string | null
  readonly body: Buffer
  /** Milliseconds. */
  readonly exactFor: number | null
  readonly semanticFor: number | null
}

export interface FoundRow extends Pick<
  Row,
  'call' | 'model' | 'keyId' | 'status' | 'type' | 'dropped' | 'nano' | 'currency'
> {
  readonly wrapped: Buffer | null
  /** Null: the asker has it, since it knows this call's answer. */
  readonly body: Buffer | null
  readonly isExact: boolean
  readonly isSemantic: boolean
}

/**
 * What stands at these places and lives, for each in order. `known`: the call whose answer the asker has in memory; of that the bytes stay here.
 * So every process sees at once what another has evicted, and expiry is the database's alone. Rejected: believing the memory for a second
 * or two, which saves 0.2 ms, and shows a rejected answer again.
 * The lateral join with its limit keeps the plan a walk of the primary key for each place, whatever the statistics of a growing table say.
 */
export async function readAnswers(
  pool: Pool,
  places: readonly (Place & { readonly known?: CallId | undefined })[],
): Promise<readonly (FoundRow | undefined)[]> {
  const { rows } = await pool.query<FoundRow & { n: string }>({
    name: 'cache-read',
    text: `select x.n, c.call, c.model, c.key_id as "keyId", k.wrapped, c.status, c.type, c.dropped, c.nano, c.currency,
        case when c.call = x.known then null else c.body end as body,
        coalesce(c.exact_until > clock_timestamp(), false) as "isExact",
        coalesce(c.semantic_until > clock_timestamp(), false) as "isSemantic"
      from unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) with ordinality as x(t, route, key, known, n)
      cross join lateral (select * from answer_cache c
        where (c.t, c.route, c.key) = (x.t, x.route, x.key) and c.expires > clock_timestamp() limit 1) c
      left join subject_key k on k.t = c.t and k.id = c.key_id`,
    values: [
      places.map(({ tenant }) => tenant),
      places.map(({ route }) => route),
      places.map(({ key }) => key),
      places.map(({ known }) => known ?? null),
    ],
  })
  const found: (FoundRow | undefined)[] = places.map(() => undefined)
  for (const { n, ...row } of rows) found[Number(n) - 1] = row
  return found
}

/** Keeps these answers, each at its place the newest. */
export async function writeAnswers(pool: Pool, rows: readonly Row[]): Promise<void> {
  const unique = new Map(rows.map((row) => [`${row.tenant}\0${row.route}\0${row.key.toString('hex')}`, row]))
  const kept = [...unique].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row) // one order: no deadlock
  await pool.query({
    name: 'cache-write',
    text: `insert into answer_cache (t, route, key, call, version, model, subject, key_id, scope, asked, vector, sources, status, type, dropped, nano, currency, body, exact_until, semantic_until)
      select t, route, key, call, version, model, subject, key_id, scope, asked, vector, array(select jsonb_array_elements_text(sources)), status, type, dropped, nano, currency, body,
        clock_timestamp() + exact * interval '1 ms', clock_timestamp() + semantic * interval '1 ms'
      from unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::text[], $11::bytea[], $12::jsonb[],
        $13::smallint[], $14::text[], $15::numeric[], $16::text[], $17::bytea[], $18::float8[], $19::float8[], $20::text[])
        as x(t, route, key, call, version, model, subject, key_id, scope, asked, vector, sources, status, type, nano, currency, body, exact, semantic, dropped)
      on conflict (t, route, key) do update set (call, version, model, subject, key_id, scope, ordinal, asked, vector, sources, status, type, dropped, nano, currency, body, made, exact_until, semantic_until)
        = (excluded.call, excluded.version, excluded.model, excluded.subject, excluded.key_id, excluded.scope, excluded.ordinal, excluded.asked, excluded.vector, excluded.sources,
          excluded.status, excluded.type, excluded.dropped, excluded.nano, excluded.currency, excluded.body, excluded.made, excluded.exact_until, excluded.semantic_until)`,
    values: [
      kept.map(({ tenant }) => tenant),
      kept.map(({ route }) => route),
      kept.map(({ key }) => key),
      kept.map(({ call }) => call),
      kept.map(({ version }) => version),
      kept.map(({ model }) => model),
      kept.map(({ subject }) => subject),
      kept.map(({ keyId }) => keyId),
      kept.map(({ scope }) => scope),
      kept.map(({ asked }) => asked),
      kept.map(({ vector }) => vector),
      kept.map(({ sources }) => JSON.stringify(sources)),
      kept.map(({ status }) => status),
      kept.map(({ type }) => type),
      kept.map(({ nano }) => nano),
      kept.map(({ currency }) => currency),
      kept.map(({ body }) => body),
      kept.map(({ exactFor }) => exactFor),
      kept.map(({ semanticFor }) => semanticFor),
      kept.map(({ dropped }) => dropped),
    ],
  })
}

export interface NearRow {
  readonly ordinal: string
  readonly key: Buffer
  readonly asked: string
  readonly vector: Buffer
}

/** What came into a scope since `after`, the newest first. */
export async function readNear(
  pool: Pool,
  { after, most, scope, tenant }: { tenant: TenantId; scope: Buffer; after: string; most: number },
): Promise<readonly NearRow[]> {
  const { rows } = await pool.query<NearRow>({
    name: 'cache-near',
    text: `select ordinal, key, asked, vector from answer_cache
      where t = $1 and scope = $2 and ordinal > $3 and semantic_until > clock_timestamp() order by ordinal desc limit $4`,
    values: [tenant, scope, after, most],
  })
  return rows
}

/** By what answers are taken out: one of these. `run`, `call`: what such a call answered, and what stood for its answer, which a person rejected. */
export type Evicted = { readonly tenant: TenantId } & (
  | { readonly run: RunId }
  | { readonly call: CallId; readonly route: string }
  | { readonly sources: readonly string[] }
  | { readonly version: string }
  | { readonly subject: SubjectId }
  | { readonly route: string }
)

/** Takes answers out, in the order in which they are written: no deadlock with that. Answers how many, by route. */
export async function deleteAnswers(
  connection: Pick<Pool, 'query'>,
  what: Evicted,
): Promise<ReadonlyMap<string, number>> {
  const [condition, ...values] = conditionOf(what)
  const { rows } = await connection.query<{ route: string; count: number }>(
    `with doomed as (select t, route, key from answer_cache where t = $1 and ${condition} order by t, route, key for update),
        gone as (delete from answer_cache c using doomed d where (c.t, c.route, c.key) = (d.t, d.route, d.key) returning c.route)
      select route, count(*)::int as count from gone group by route`,
    [what.tenant, ...values],
  )
  return new Map(rows.map(({ count, route }) => [route, count]))
}

/** A call's own answer, or the one that stood for it: by the record of the call. */
const ofCalls = (calls: string): string =>
  `call in (select unnest(array[id, outcome->'cache'->>'from']) from model_call where t = $1 and ${calls})`

function conditionOf(what: Evicted): readonly [string, ...(string | readonly string[])[]] {
  if ('run' in what) return [ofCalls(`outcome->>'run' = $2 and outcome ? 'run'`), what.run]
  // Its record is written behind its answer, and may come later than this.
  if ('call' in what)
    return [`route = $3 and (call = $2 or ${ofCalls('month = id_month($2) and id = $2')})`, what.call, what.route]
  if ('sources' in what) return [`sources && $2::text[] and sources <> '{}'`, what.sources]
  if ('version' in what) return ['(version = $2 or model = $2)', what.version]
  if ('subject' in what) return ['subject = $2 and subject is not null', what.subject]
  return ['route = $2', what.route]
}

/** Deletes some of what has expired, or of what a tenant has beyond `mostBytes`, the oldest first. Answers how many. */
export async function purgeAnswers(pool: Pool, mostBytes: number): Promise<number> {
  const { rowCount: expired } = await pool.query(
    `delete from answer_cache where ctid = any(array(
      select ctid from answer_cache where expires <= clock_timestamp() limit 1000 for update skip locked))`,
  )
  const { rowCount: beyond } = await pool.query(
    `delete from answer_cache where ctid = any(array(select ctid from answer_cache where ctid = any(array(
      select ctid from (select ctid, sum(octet_length(body) + coalesce(octet_length(vector), 0) + 500) over (partition by t order by made desc, key) as bytes from answer_cache) x
      where bytes > $1 limit 1000)) for update skip locked))`,
    [mostBytes],
  )
  return (expired ?? 0) + (beyond ?? 0)
}
