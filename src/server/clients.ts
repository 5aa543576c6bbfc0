import type { Clock, Millis } from '../core/clock.ts'
import type { ProcessId, TenantId } from '../core/ids.ts'
import { repeat } from '../execution/engine/housekeeping.ts'
import type { ApiKeys } from '../governance/api-keys.ts'
import { VerifiedKeys } from '../governance/verified-keys.ts'
import { ClientLimits } from '../models/clients/client-limits.ts'
import type { SaidOfCaller } from '../models/clients/said-of-caller.ts'
import type { Pool } from '../store/pool.ts'

/** How often processes tell each other what they have let through. */
const exchangeEvery: Millis = 1000

/** Those who call models over HTTP: their keys as this process believes them, and their limits. */
export function openClients(o: {
  readonly pool: Pool
  readonly keys: ApiKeys
  readonly process: ProcessId
  readonly clock: Clock
  /** A keyed hash of the business object or of the person that a call is about. */
  readonly hash: (tenant: TenantId, about: { readonly type: string; readonly id: string }) => string
}) {
  const { pool, keys, process, clock, hash } = o
  const verified = new VerifiedKeys({ verify: (secret) => keys.verify(secret), clock })
  const limits = new ClientLimits({ pool, process, clock })
  const stop = repeat(clock, exchangeEvery, () => limits.exchange())
  return {
    limits,
    verify: (secret: string) => verified.verify(secret),
    /** A key was revoked here: no call needs to wait until that is looked at. */
    forget: (): void => verified.forget(),
    /** What calls stick to: their entity, or else their user. An entity's type has no space in it, so that neither is taken for the other. */
    stickyKey(tenant: TenantId, { endUser, entity }: SaidOfCaller): string | undefined {
      if (entity) return hash(tenant, entity)
      return endUser === undefined ? undefined : hash(tenant, { type: 'end user', id: endUser })
    },
    async close(): Promise<void> {
      await stop()
    },
  }
}
