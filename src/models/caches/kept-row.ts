import type { KeyObject } from 'node:crypto'
import type { KeyId, TenantId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { sealBody, unseal } from '../../core/seal.ts'
import { droppedHeader } from '../dialects/adapters/adapter.ts'
import type { CacheAnswer } from './admission.ts'
import type { CacheQuestion, Keys } from './question.ts'
import type { FoundRow, Row } from './statements.ts'
import { toBytes } from './vectors.ts'

/** What the cache needs of the keys of persons. */
export interface CacheKeys {
  /** Errors: where the key is destroyed. */
  get(tenant: TenantId, key: KeyId): Promise<KeyObject>
  unwrap(tenant: TenantId, key: KeyId, wrapped: Uint8Array | null): KeyObject
}

/** An answer as it is stored. A person's is sealed under their key. */
export async function rowOf(
  parts: { readonly keys: CacheKeys; readonly random: Random },
  { request, route, sees, tenant }: CacheQuestion,
  o: { readonly answer: CacheAnswer; readonly keys: Keys; readonly vector: Float32Array | undefined },
): Promise<Row> {
  const { body, by, call, cost, headers, sources = [], status } = o.answer
  const dropped = headers[droppedHeader]
  const { exact, semantic } = route.policy.cache ?? {}
  const { subject } = sees
  const near = semantic && o.vector && o.keys.near
  return {
    tenant,
    route: route.route,
    key: o.keys.key,
    call,
    version: route.digest,
    model: by.version,
    subject: subject?.id ?? null,
    keyId: subject?.key ?? null,
    scope: near?.scope ?? null,
    asked: near?.asked ?? null,
    vector: near && o.vector ? toBytes(o.vector) : null,
    sources,
    status,
    type: request.isStream ? 'text/event-stream' : 'application/json',
    dropped: typeof dropped === 'string' ? dropped : null,
    nano: cost ? String(cost.nano) : null,
    currency: cost?.currency ?? null,
    body: subject
      ? sealBody(await parts.keys.get(tenant, subject.key), JSON.stringify(body.toString()), parts.random)
      : body,
    exactFor: exact ?? null,
    semanticFor: near ? (semantic?.for ?? null) : null,
  }
}

/** A person's answer, opened; undefined where their key is destroyed: they are erased, and this goes next. */
export function openBody(
  keys: CacheKeys,
  tenant: TenantId,
  { body, keyId, wrapped }: Pick<FoundRow, 'wrapped'> & { readonly body: Buffer; readonly keyId: KeyId },
): Buffer | undefined {
  if (!wrapped) return undefined
  const text = unseal(keys.unwrap(tenant, keyId, wrapped), body)
  return typeof text === 'string' ? Buffer.from(text) : undefined
}
