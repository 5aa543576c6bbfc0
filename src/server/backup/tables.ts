import type pg from 'pg'

/** A table as a backup holds it: without what the database computes itself. */
export interface Table {
  readonly name: string
  readonly columns: readonly string[]
}

/** What a backup leaves out: the schema's own record (the manifest has it), heartbeats of processes that are gone, the hold that a restore sets, and caches. */
const leftOut = ['migration', 'process', 'effects_hold', 'answer_cache', 'embedding_cache']

/** Every table of the schema, those that others refer to first. Partitions are reached through their parent. */
export async function readTables(client: pg.ClientBase): Promise<readonly Table[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; needs: string[] }>(
    `select c.relname as name,
        (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
        coalesce((select array_agg(distinct k.confrelid::regclass::text) from pg_constraint k
          where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid), '{}') as needs
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> all ($1) order by c.relname`,
    [leftOut],
  )
  const ordered: Table[] = []
  const left = [...rows]
  while (left.length > 0) {
    const at = left.findIndex((row) => row.needs.every((need) => ordered.some((table) => table.name === need)))
    const [next] = left.splice(at, 1) // -1, a circle, would take the last: there is none, or the restore's inserts say so
    if (next) ordered.push({ name: next.name, columns: next.columns })
  }
  return ordered
}

/** The months that have a partition of their own. */
export async function readMonths(client: pg.ClientBase): Promise<readonly number[]> {
  const { rows } = await client.query<{ month: number }>(
    `select substr(c.relname, 9)::int as month from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'run_log'::regclass and c.relname ~ '^run_log_[0-9]{6}$' order by 1`,
  )
  return rows.map((row) => row.month)
}

/** The first table that has a row. */
export async function firstFilled(client: pg.ClientBase): Promise<string | undefined> {
  for (const { name } of await readTables(client))
    if ((await client.query(`select from ${quoted(name)} limit 1`)).rowCount) return name
  return undefined
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
export const list = (columns: readonly string[]): string => columns.map(quoted).join(', ')
