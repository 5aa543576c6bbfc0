import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { csrfOf } from '../../governance/sessions.ts'

const secureName = '__Host-millrace'
const loopbackName = 'millrace-session'
const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
const ipAddress = /^(?:\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\])$/

const hostOf = (c: Context): string => (c.req.header('host') ?? '').toLowerCase()
const nameOf = (host: string): string => host.replace(/:\d+$/, '')

/**
 * Another site may point its own name at this server (DNS rebinding): only localhost, IP addresses, which nobody points, and configured
 * names are answered. Errors: `api/wrong-host`.
 */
export function checkHost(c: Context, hosts: readonly string[]): void {
  const host = nameOf(hostOf(c))
  if (loopback.test(host) || ipAddress.test(host) || hosts.includes(host)) return
  throw new MillraceError('api/wrong-host', { host: host.slice(0, 100) || 'none' })
}

/** What a browser says of where a request comes from. Errors: `api/other-site`. */
export function checkSite(c: Context): void {
  const site = c.req.header('sec-fetch-site')
  const isReading = c.req.method === 'GET' || c.req.method === 'HEAD'
  if (site !== undefined && site !== 'same-origin' && !(isReading && site === 'none')) refuse('another site sent it')
  const origin = c.req.header('origin')
  if (origin !== undefined && URL.parse(origin)?.host !== hostOf(c)) refuse('its origin is another one')
}

/** Errors: `api/other-site`. */
export function checkToken(c: Context, token: string): void {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return
  if (c.req.header('millrace-csrf') !== csrfOf(token)) refuse('the header millrace-csrf is missing or wrong')
}

/** The session's token that the request carries. The cookie without `__Host-` counts on loopback alone. */
export const readCookie = (c: Context): string | undefined =>
  getCookie(c, secureName) ?? (loopback.test(nameOf(hostOf(c))) ? getCookie(c, loopbackName) : undefined)

/** Errors: `governance/not-allowed`, where the cookie would travel in the open. */
export function checkIsPrivate(c: Context): void {
  if (isSecure(c) || loopback.test(nameOf(hostOf(c)))) return
  throw new MillraceError('governance/not-allowed', { why: 'people sign in over HTTPS, or on the machine itself' })
}

export function writeCookie(c: Context, token: string): void {
  const common = { path: '/', httpOnly: true, sameSite: 'Strict' } as const
  if (isSecure(c)) setCookie(c, secureName, token, { ...common, secure: true })
  else setCookie(c, loopbackName, token, common)
}

export function clearCookies(c: Context): void {
  const common = { path: '/', httpOnly: true, sameSite: 'Strict', maxAge: 0 } as const
  setCookie(c, secureName, '', { ...common, secure: true })
  setCookie(c, loopbackName, '', common)
}

/** A proxy ends the HTTPS: what the browser says of its page counts, and it lies to itself alone. */
const isSecure = (c: Context): boolean => (c.req.header('origin') ?? '').startsWith('https://')

function refuse(why: string): never {
  throw new MillraceError('api/other-site', { why })
}
