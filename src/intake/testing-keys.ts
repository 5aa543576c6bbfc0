import { createSecretKey, type KeyObject } from 'node:crypto'
import { systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { type KeyId, mintId, type TenantId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'

/** Keys for tests of this plane, which may not import governance: "wrapped" is the key itself. */
export function testKeys(): {
  mint(tenant: TenantId): { id: KeyId; wrapped: Buffer; key: KeyObject }
  unwrap(tenant: TenantId, id: KeyId, wrapped: Uint8Array | null): KeyObject
} {
  return {
    mint() {
      const wrapped = systemRandom.bytes(32)
      return { id: mintId('key', systemClock.today(), systemRandom), wrapped, key: createSecretKey(wrapped) }
    },
    unwrap(_, id, wrapped) {
      if (!wrapped) throw new MillraceError('governance/key-destroyed', { key: id })
      return createSecretKey(wrapped)
    },
  }
}
