import type { Pool } from '../store/pool.ts'
import { type ChunkKey, keyOf, type Scope } from './scope.ts'

/** As much of a text as is searched for: terms past it add time and no meaning. */
const mostSearched = 4000

/**
 * Any of the words, not all: a customer's message never shares all its words with a reply. `plainto_tsquery` parses what it is given as
 * plain words, so that nothing in a message is an operator; its "and" becomes "or" afterwards (a lexeme holds no blank). The length of a
 * chunk divides its rank (2), else the longest reply wins.
 */
const sql = `
with q as (select replace(plainto_tsquery('english', $5)::text, ' & ', ' | ')::tsquery as q)
select
  coalesce((select revision from knowledge_index where (t, collection, encoder, chunking) = ($1, $2, $3, $4)), 0) as revision,
  coalesce((select json_agg(h order by h.rank desc, h.document, h.ordinal) from (
    select document, version, ordinal, ts_rank(search, q, 2) as rank from chunk, q
    where (t, collection, encoder, chunking) = ($1, $2, $3, $4) and current and search @@ q
    order by rank desc, document, ordinal limit $6) h), '[]') as found`

/** The chunks with the text's words, best first, and the revision of the scope that was searched. */
export async function searchText(
  pool: Pool,
  { scope, text, count }: { readonly scope: Scope; readonly text: string; readonly count: number },
): Promise<{ readonly revision: number; readonly found: readonly ChunkKey[] }> {
  const words = text.slice(0, mostSearched).replaceAll('\0', ' ')
  const { rows } = await pool.query<{ revision: number; found: ChunkKey[] }>({
    name: 'knowledge-text',
    text: sql,
    values: [...keyOf(scope), words, count],
  })
  return rows[0] ?? { revision: 0, found: [] }
}
