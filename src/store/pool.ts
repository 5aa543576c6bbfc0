import pg from 'pg'
import { MillraceError } from '../core/errors/millrace-error.ts'

export type Pool = pg.Pool
export type Connection = pg.PoolClient

export interface PoolOptions {
  /** postgres://user:password@host:port/database */
  readonly url: string
  readonly max: number
  /** Shown in pg_stat_activity. */
  readonly name: string
  /** Milliseconds after which a client gives a statement up (E8). */
  readonly timeout?: number
}

/** No statement of the application takes longer; what does is a fault, and its caller must not wait for it (E8). */
const statementTimeout = 15_000
const connectTimeout = 5_000

/**
 * A pool of connections. A connection that Postgres drops is replaced in silence, whether it is idle or lent to a transaction between two
 * statements: without a listener for `error` either would end the process. Who holds it is told by its next statement.
 */
export function openPool(options: PoolOptions): Pool {
  const timeout = options.timeout ?? statementTimeout
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max,
    application_name: options.name,
    connectionTimeoutMillis: connectTimeout,
    query_timeout: timeout,
    statement_timeout: timeout,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** The same database, every connection under the role without UPDATE or DELETE on records (L10). */
export function asApplicationRole(ownerUrl: string): string {
  const url = new URL(ownerUrl)
  url.searchParams.set('options', '-c role=millrace_app')
  return url.href
}

/** Where a URL points to, without its password: for people. */
export function describeUrl(text: string): string {
  const url = new URL(text)
  return `${url.hostname}:${url.port || '5432'}${url.pathname}`
}

/** Runs `work` in a transaction; rolls back and throws on when it throws. */
export async function transaction<T>(pool: Pool, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await pool.connect()
  let broken: Error | undefined
  try {
    await connection.query('begin')
    const result = await work(connection)
    await connection.query('commit')
    return result
  } catch (error) {
    await connection.query('rollback').catch((e: unknown) => {
      broken = e instanceof Error ? e : new Error(String(e))
    })
    throw error
  } finally {
    connection.release(broken)
  }
}

/** True when the connection failed, and not the statement: the same work may be tried again. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return (
    /^(?:ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EAI_)/.test(code) ||
    /^(?:08|57P0|53300)/.test(code) ||
    /connection terminated|timeout (?:exceeded|expired)|query read timeout|client has encountered a connection error/i.test(
      error.message,
    )
  )
}

/** The server answers, and says no: to the user (28), the database (3D), a right (42501), or encryption. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return (
    /^(?:28|3D|42501$|ERR_(?:TLS|SSL)|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/.test(code) || /\bSSL\b/.test(error.message)
  )
}

/** The statement needed room that the server's disk does not have (53100): the same work may be done when there is some. */
export const isFull = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '53100'

/** A failure of the connection or of the disk in the words of the dictionary; any other error as it is. */
export function asStoreError(error: unknown, url: string): unknown {
  if (isFull(error)) return new MillraceError('store/full', { at: describeUrl(url) }, { cause: error })
  const code = isConnectionError(error) ? 'store/unreachable' : isRefusal(error) ? 'store/refused' : undefined
  if (!code) return error
  const why = error instanceof Error ? error.message || String((error as { code?: unknown }).code) : String(error)
  return new MillraceError(code, { at: describeUrl(url), why }, { cause: error })
}
