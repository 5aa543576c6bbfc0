import type { RunId, TenantId } from '../core/ids.ts'
import type { Pool } from '../store/pool.ts'

/** The documents that a run has retrieved so far, as `documentName` names them: a chunk's name is its document's with a number. */
export async function retrievedDocuments(
  pool: Pool,
  { run, tenant }: { readonly tenant: TenantId; readonly run: RunId },
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ document: string }>({
    name: 'retrieved-documents',
    text: `select distinct regexp_replace(f.name, '#[0-9]+$', '') as document from run_factor r join factor f on f.t = r.t and f.id = r.factor
      where r.t = $1 and r.run = $2 and f.kind = 'chunk'`,
    values: [tenant, run],
  })
  return rows.map(({ document }) => document)
}
