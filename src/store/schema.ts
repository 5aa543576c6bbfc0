import type { Pool } from './pool.ts'

/**
 * The schema in words, from the catalogs: what a database has after its migrations. `src/store/generated/schema.sql` holds it, so that
 * each migration shows as a diff there. It is read by people, never run: the embedded Postgres brings no pg_dump.
 */
export async function describeSchema(pool: Pool): Promise<string> {
  const parts = [await relations(pool), await functions(pool), await rights(pool)]
  return `-- Generated from the catalogs by \`npm run schema\`. Read it; never run it.\n\n${parts.flat().join('\n')}`
}

const notPartition = `n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition`

async function relations(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{
    name: string
    columns: string[]
    constraints: string[] | null
    indexes: string[] | null
    partition: string | null
  }>(`
    select c.relname as name,
      (select array_agg('  ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end
          || case when d.adbin is null then '' when a.attgenerated = 's' then ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ') stored'
             else ' default ' || pg_get_expr(d.adbin, d.adrelid) end order by a.attnum)
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      (select array_agg('  constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid) order by k.contype desc, k.conname)
        from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n') as constraints,
      (select array_agg(pg_get_indexdef(i.indexrelid) || ';' order by i.indexrelid::regclass::text)
        from pg_index i where i.indrelid = c.oid and not exists (select from pg_constraint k where k.conindid = i.indexrelid)) as indexes,
      case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${notPartition} order by c.relname`)
  return rows.map((table) => {
    const body = [...table.columns, ...(table.constraints ?? [])].join(',\n')
    const partition = table.partition ? ` partition by ${table.partition}` : ''
    return [`create table ${table.name} (\n${body}\n)${partition};`, ...(table.indexes ?? []), ''].join('\n')
  })
}

async function functions(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ text: string }>(`
    select pg_get_functiondef(p.oid) as text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'public' and p.prokind = 'f' order by p.proname`)
  return rows.map((row) => `${row.text.trim()};\n`)
}

async function rights(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string; rights: string }>(`
    select table_name as name, string_agg(lower(privilege_type), ', ' order by privilege_type) as rights
    from information_schema.role_table_grants g join pg_class c on c.relname = g.table_name join pg_namespace n on n.oid = c.relnamespace
    where grantee = 'millrace_app' and table_schema = 'public' and ${notPartition} group by table_name order by table_name`)
  const { rows: ofColumns } = await pool.query<{ name: string; right: string; columns: string }>(`
    select c.relname as name, lower(x.privilege_type) as right, string_agg(a.attname, ', ' order by a.attnum) as columns
    from pg_attribute a cross join aclexplode(a.attacl) x join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where x.grantee = 'millrace_app'::regrole and ${notPartition} group by c.relname, x.privilege_type order by c.relname, x.privilege_type`)
  return [
    ...rows.map((row) => `grant ${row.rights} on ${row.name} to millrace_app;`),
    ...ofColumns.map((row) => `grant ${row.right} (${row.columns}) on ${row.name} to millrace_app;`),
    '',
  ]
}
