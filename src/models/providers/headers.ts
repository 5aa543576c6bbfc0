import type { Instant, Millis } from '../../core/clock.ts'

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** RFC 9110, 7.6.1: they speak of one connection and end with it. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Of an answer: what would be wrong after us. The body passes as it is and unencoded, but it may be rewritten (a model's name), so its length is
 * measured anew; the others are the provider's words about its own origin, and would be taken as ours.
 */
const notOfAnswer = new Set([
  'content-length',
  'content-encoding',
  'set-cookie',
  'alt-svc',
  'strict-transport-security',
])

/** Of a client's request: credentials of this gateway, and what the way to the provider decides itself. */
const notOfRequest = new Set([
  'accept-encoding',
  'api-key',
  'authorization',
  'content-encoding',
  'content-length',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'x-api-key',
])

/** The upstream's headers, lower case, as they may stand in our answer. */
export const answerHeaders = (headers: Headers): Record<string, string | string[]> => without(headers, notOfAnswer)

/** A client's headers, lower case, as they may go to a provider: no credential, no address of the client, nothing of the connection. */
export function requestHeaders(headers: Headers): Record<string, string | string[]> {
  const kept = without(headers, notOfRequest)
  for (const name of Object.keys(kept))
    if (name.startsWith('x-forwarded-') || name.startsWith('millrace-')) delete kept[name]
  return kept
}

function without(headers: Headers, dropped: ReadonlySet<string>): Record<string, string | string[]> {
  const named = new Set(tokensOf(headers['connection']))
  const kept: Record<string, string | string[]> = {}
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase()
    if (value === undefined || hopByHop.has(name) || dropped.has(name) || named.has(name)) continue
    kept[name] = typeof value === 'string' ? value : [...value]
  }
  return kept
}

const tokensOf = (value: string | readonly string[] | undefined): readonly string[] =>
  oneOf(value)
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '')

const oneOf = (value: string | readonly string[] | undefined): string =>
  typeof value === 'string' ? value : (value ?? []).join(',')

/** `application/json` of `Application/JSON; charset=utf-8`; empty where there is none, or what stands there is no media type. */
export function mediaTypeOf(headers: Headers): string {
  const type = oneOf(headers['content-type']).split(';')[0]?.trim().toLowerCase() ?? ''
  return /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/.test(type) ? type : ''
}

/** Longer than any provider means. */
const longestRetryAfter: Millis = 24 * 3_600_000

/**
 * How long an answer asks to wait: `retry-after-ms` (OpenAI), or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), measured against the
 * provider's own `Date` where it sends one, since clocks differ. Undefined where it asks nothing that can be read.
 */
export function retryAfterOf(headers: Headers, today: Instant): Millis | undefined {
  const exact = oneOf(headers['retry-after-ms']).trim()
  if (/^\d{1,12}(\.\d+)?$/.test(exact)) return Math.min(Number(exact), longestRetryAfter)
  const asked = oneOf(headers['retry-after']).trim()
  if (/^\d{1,12}(\.\d+)?$/.test(asked)) return Math.min(Number(asked) * 1000, longestRetryAfter)
  const at = dateOf(asked)
  if (at === undefined) return undefined
  return Math.min(Math.max(0, at - (dateOf(oneOf(headers['date'])) ?? today)), longestRetryAfter)
}

/** An HTTP date begins with a day's name; `Date.parse` alone would read `-1` and `2 days` as dates too. */
function dateOf(text: string): Instant | undefined {
  const at = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

export function shouldRetryOf(headers: Headers): boolean | undefined {
  const said = oneOf(headers['x-should-retry']).trim().toLowerCase()
  return said === 'true' ? true : said === 'false' ? false : undefined
}
