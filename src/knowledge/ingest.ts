import { MillraceError } from '../core/errors/millrace-error.ts'
import type { TenantId } from '../core/ids.ts'
import { canonicalJson, digestOf, type Json } from '../core/json.ts'
import type { AnyCollection } from '../sdk/resources.ts'
import { check } from '../sdk/schema.ts'
import { type Connection, type Pool, transaction } from '../store/pool.ts'
import { chunking, chunksOf } from './chunking.ts'
import { keyOf, type Scope } from './scope.ts'
import { embedUnit, type TextEncoder } from './text-encoder.ts'
import { toBytes } from './vector-bytes.ts'

/** A document as its source has it. */
export interface SourceDocument {
  readonly id: string
  /** Where it comes from: shown with every hit. */
  readonly source: string
  readonly body: Json
}

/** What an ingest did. */
export interface Ingested {
  readonly documents: number
  /** New versions. */
  readonly added: number
  readonly unchanged: number
  /** Versions that are not current any more. */
  readonly retired: number
}

/** A version of a document that is not current any more: what was made from it is old. */
export interface Retired {
  readonly tenant: TenantId
  readonly collection: string
  readonly document: string
  readonly version: string
}

/** What this plane needs of those who keep what was made from documents: it goes in the transaction that retires them. */
export type OnRetired = (connection: Connection, retired: readonly Retired[]) => Promise<void>

interface Prepared extends SourceDocument {
  /** SHA-256 of source and body. */
  readonly version: string
  readonly chunks: readonly { readonly text: string; readonly vector: Buffer }[]
}

const mostText = 1_000_000
const mostId = 256
/** Rows of one insert. */
const batch = 200

/**
 * Makes `documents` the whole of a collection: new versions are added, what is not among them is marked not current, nothing is deleted,
 * since records name versions. Again with the same documents it does nothing. Vectors are made before the transaction, which takes the
 * scope's row first: two processes that start at once do it one after the other.
 */
export async function ingest(q: {
  readonly pool: Pool
  readonly tenant: TenantId
  readonly declaration: AnyCollection
  readonly encoder: TextEncoder
  readonly documents: readonly SourceDocument[]
  readonly signal?: AbortSignal
  readonly onRetired?: OnRetired | undefined
}): Promise<Ingested> {
  const { pool, tenant, declaration, encoder, documents, signal } = q
  const scope: Scope = { tenant, collection: declaration.name, encoder: encoder.digest, chunking }
  refuseTwins(documents)
  const stored = await versionsIn(pool, scope)
  const wanted: { readonly id: string; readonly version: string }[] = []
  const fresh: Prepared[] = []
  for (const document of documents) {
    signal?.throwIfAborted()
    const text = await textOf(declaration, document)
    const version = digestOf({ source: document.source, body: document.body })
    wanted.push({ id: document.id, version })
    if (stored.has(`${document.id}\0${version}`)) continue
    fresh.push({ ...document, version, chunks: await embedAll(encoder, chunksOf(text), signal) })
  }
  const retired = await transaction(pool, async (connection) => {
    const gone = await write(connection, scope, wanted, fresh)
    if (gone.length > 0) await q.onRetired?.(connection, gone)
    return gone.length
  })
  return { documents: documents.length, added: fresh.length, unchanged: documents.length - fresh.length, retired }
}

function refuseTwins(documents: readonly SourceDocument[]): void {
  const sources = new Map<string, string>()
  for (const { id, source } of documents) {
    const other = sources.get(id)
    if (other !== undefined)
      throw new MillraceError('knowledge/bad-document', { source, why: `its id ${id} is that of ${other}` })
    sources.set(id, source)
  }
}

/** The text that is searched, once the document fits the collection's schema and limits. */
async function textOf(declaration: AnyCollection, { id, source, body }: SourceDocument): Promise<string> {
  const refuse = (why: string): never => {
    throw new MillraceError('knowledge/bad-document', { source, why })
  }
  if (id === '' || id.length > mostId) refuse(`its id is not of 1 to ${mostId} characters`)
  const checked = await check(declaration.document, body)
  if (!checked.ok) return refuse(checked.problems.join('; '))
  const text = declaration.text(checked.value)
  if (text.trim() === '') refuse('it has no text')
  if (text.length > mostText) refuse(`its text has more than ${mostText} characters`)
  if (`${id}${source}${text}`.includes('\0') || canonical(body, refuse).includes('\\u0000'))
    refuse('it has a NUL character')
  if (!`${id} ${source} ${text}`.isWellFormed()) refuse('it has half a character')
  return text
}

function canonical(body: Json, refuse: (why: string) => never): string {
  try {
    return canonicalJson(body)
  } catch {
    return refuse('it has half a character, or a number that is not finite')
  }
}

async function embedAll(
  encoder: TextEncoder,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Prepared['chunks']> {
  const chunks: { text: string; vector: Buffer }[] = []
  for (const text of texts) chunks.push({ text, vector: toBytes(await embedUnit(encoder, text, signal)) }) // one at a time
  return chunks
}

/** What has chunks in the scope, current or not: a version's chunks are all there, or none is. */
async function versionsIn(pool: Pool, scope: Scope): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ document: string; version: string }>(
    'select document, version from chunk where (t, collection, encoder, chunking) = ($1, $2, $3, $4) and ordinal = 0',
    [...keyOf(scope)],
  )
  return new Set(rows.map(({ document, version }) => `${document}\0${version}`))
}

/** Returns the versions that were retired. */
async function write(
  connection: Connection,
  scope: Scope,
  wanted: readonly { readonly id: string; readonly version: string }[],
  fresh: readonly Prepared[],
): Promise<readonly Retired[]> {
  const key = keyOf(scope)
  await connection.query(
    'insert into knowledge_index (t, collection, encoder, chunking) values ($1, $2, $3, $4) on conflict do nothing',
    [...key],
  )
  await connection.query(
    'select from knowledge_index where (t, collection, encoder, chunking) = ($1, $2, $3, $4) for update',
    [...key],
  )
  let changes = 0
  for (let from = 0; from < fresh.length; from += batch)
    changes += await insert(connection, scope, fresh.slice(from, from + batch))
  const { rows: flipped } = await connection.query<{
    document: string
    version: string
    ordinal: number
    current: boolean
  }>(
    `update chunk c set current = not c.current
     where (t, collection, encoder, chunking) = ($1, $2, $3, $4) and c.current <> exists (
       select from unnest($5::text[], $6::text[]) as w(id, version) where w.id = c.document and w.version = c.version)
     returning document, version, ordinal, current`,
    [...key, wanted.map(({ id }) => id), wanted.map(({ version }) => version)],
  )
  changes += flipped.length
  if (changes > 0) {
    await connection.query(
      'update knowledge_index set revision = revision + 1 where (t, collection, encoder, chunking) = ($1, $2, $3, $4)',
      [...key],
    )
  }
  const { collection, tenant } = scope
  return flipped
    .filter(({ ordinal, current }) => ordinal === 0 && !current)
    .map(({ document, version }) => ({ tenant, collection, document, version }))
}

/** Returns how many chunks were inserted: another process may have been first. */
async function insert(connection: Connection, scope: Scope, documents: readonly Prepared[]): Promise<number> {
  await connection.query(
    `insert into document (t, collection, id, version, source, body)
     select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::jsonb[]) on conflict do nothing`,
    [
      scope.tenant,
      scope.collection,
      documents.map(({ id }) => id),
      documents.map(({ version }) => version),
      documents.map(({ source }) => source),
      documents.map(({ body }) => JSON.stringify(body)),
    ],
  )
  const chunks = documents.flatMap(({ id, version, chunks }) =>
    chunks.map((chunk, ordinal) => ({ id, version, ordinal, ...chunk })),
  )
  const { rowCount } = await connection.query(
    `insert into chunk (t, collection, encoder, chunking, document, version, ordinal, text, vector)
     select $1, $2, $3, $4, * from unnest($5::text[], $6::text[], $7::int[], $8::text[], $9::bytea[]) on conflict do nothing`,
    [
      ...keyOf(scope),
      chunks.map(({ id }) => id),
      chunks.map(({ version }) => version),
      chunks.map(({ ordinal }) => ordinal),
      chunks.map(({ text }) => text),
      chunks.map(({ vector }) => vector),
    ],
  )
  return rowCount ?? 0
}
