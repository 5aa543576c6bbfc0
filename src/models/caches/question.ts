import type { KeyId, SubjectId, TenantId } from '../../core/ids.ts'
import { canonicalJson, type Json } from '../../core/json.ts'
import type { DataClass } from '../../sdk/models.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import type { Headers } from '../providers/headers.ts'
import type { RouteVersion } from '../routes/route-version.ts'
import { isUnambiguous } from './unambiguous.ts'
import { hash } from 'node:crypto'
import { askedIn } from './asked.ts'

/** A call, as the caches see it. */
export interface CacheQuestion {
  readonly tenant: TenantId
  readonly route: RouteVersion
  /** The digest of the model's version that the plan asks first: arms do not answer for each other. */
  readonly target: string
  readonly request: ModelRequest
  /** The client's, lower case. */
  readonly headers: Headers
  readonly sees: Sight
}

/** What a caller may see: an answer is found only by who may see the same. */
export interface Sight {
  readonly dataClass: DataClass
  /** Whom answers are shared with: a client's key, or all of a tenant's. */
  readonly scope: string
  /** The person whom the call concerns, with their key. */
  readonly subject?: { readonly id: SubjectId; readonly key: KeyId }
}

/** Why the caches leave a call alone. */
export type Passed =
  | 'no-store'
  | 'no-subject'
  | 'too-large'
  | 'ambiguous'
  | 'hosted-tools'
  | 'bound'
  | 'stored'
  | 'several-answers'

/** Under what a question is kept and found. */
export interface Keys {
  /** SHA-256 of all that shapes its answer. */
  readonly key: Buffer
  /** It may be found by its meaning: the same for whatever differs in these words alone. */
  readonly near?: { readonly scope: Buffer; readonly asked: string }
}

const mostBytes = 256 * 1024
/** They say who asks and what for, or how a provider is to keep its own cache, and not what is answered. */
const shapeless: ReadonlySet<string> = new Set([
  'user',
  'safety_identifier',
  'metadata',
  'prompt_cache_key',
  'prompt_cache_retention',
])
/** A provider's switches, such as `anthropic-beta`. */
const shaping = /^(?:anthropic|openai)-/

/**
 * The keys of a question; or why it has none. Equal for requests that differ in white space, in the order of keys, or in what shapes no answer.
 * `encoder`: the digest of the one whose vectors are compared; without one nothing is found by its meaning.
 */
export function keysOf(question: CacheQuestion, encoder: string | undefined): Keys | Passed {
  const { headers, request, sees } = question
  const passed = passedBy(question)
  if (passed) return passed
  const body = Object.fromEntries(Object.entries(request.json).filter(([field]) => !shapeless.has(field)))
  const digest = (of: { readonly [field: string]: unknown }): Buffer =>
    hash(
      'sha256',
      // The body came from JSON, and its strings and depth have been looked at.
      canonicalJson({
        format: 1,
        tenant: question.tenant,
        route: question.route.route,
        version: question.route.digest,
        target: question.target,
        dialect: request.dialect,
        isStream: request.isStream,
        sees: { dataClass: sees.dataClass, scope: sees.scope, subject: sees.subject?.id ?? null },
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => shaping.test(name))) as Json,
        ...of,
      }),
      'buffer',
    )
  const isHarmless = (sees.dataClass === 'public' || sees.dataClass === 'internal') && !sees.subject
  const asked = encoder !== undefined && isHarmless && !request.hasTools ? askedIn(request.dialect, body) : undefined
  return {
    key: digest({ body }),
    ...(asked && { near: { scope: digest({ context: asked.context, encoder }), asked: asked.text } }),
  }
}

function passedBy({ headers, request, sees }: CacheQuestion): Passed | undefined {
  if (directivesOf(headers).has('no-store')) return 'no-store'
  // Nothing may stay of a person that could not be deleted with them.
  if ((sees.dataClass === 'personal' || sees.dataClass === 'special') && !sees.subject) return 'no-subject'
  if (request.raw.length > mostBytes) return 'too-large'
  if (request.hasHostedTools) return 'hosted-tools'
  if (request.isBound || request.previous !== undefined) return 'bound'
  if (request.answers > 1) return 'several-answers'
  // An answer that its issuer keeps has an id that is its asker's own. OpenAI keeps responses unless told not to.
  const store = request.json['store'] ?? request.dialect === 'openai-responses'
  if (store !== false) return 'stored'
  return isUnambiguous(request) ? undefined : 'ambiguous'
}

/** The client wants a fresh answer; it may be kept. */
export const wantsFresh = (headers: Headers): boolean => {
  const said = directivesOf(headers)
  return said.has('no-cache') || said.has('max-age=0')
}

const directivesOf = (headers: Headers): ReadonlySet<string> => {
  const value = headers['cache-control'] ?? ''
  const text = typeof value === 'string' ? value : value.join(',')
  return new Set(text.split(',').map((one) => one.trim().toLowerCase()))
}
