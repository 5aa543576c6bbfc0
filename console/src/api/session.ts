import { queryOptions } from '@tanstack/react-query'
import { useToken } from './client.ts'
import { Problem, problemOf } from './problem.ts'

/** Who is signed in. */
export interface Session {
  readonly person: { readonly id: string; readonly name: string; readonly email?: string }
  readonly roles: readonly string[]
  readonly teams: readonly string[]
  readonly csrf?: string
}

const json = { 'content-type': 'application/json' }

async function ask(path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(path, { credentials: 'same-origin', ...init })
  if (!response.ok) throw await problemOf(response)
  return response.status === 204 ? undefined : await response.json().catch(() => undefined)
}

/** Nobody is signed in: an answer, and no failure. */
async function readSession(): Promise<Session | null> {
  try {
    const session = (await ask('/api/v1/session')) as Session // the server's own document
    useToken(session.csrf)
    return session
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return null
    throw error
  }
}

export const sessionQuery = queryOptions({ queryKey: ['session'], queryFn: readSession, staleTime: 300_000 })

export const signIn = (email: string, password: string): Promise<unknown> =>
  ask('/api/v1/session', { method: 'POST', headers: json, body: JSON.stringify({ email, password }) })

export const signOut = (csrf: string | undefined): Promise<unknown> =>
  ask('/api/v1/session', { method: 'DELETE', headers: csrf === undefined ? {} : { 'millrace-csrf': csrf } })

/** A one-time code becomes a session; `password` is the one to have from now on. */
export const redeemCode = (code: string, password: string): Promise<unknown> =>
  ask('/api/v1/codes/exchange', { method: 'POST', headers: json, body: JSON.stringify({ code, password }) })
