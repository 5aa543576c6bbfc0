import type { Context } from 'hono'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Client } from '../../models/clients/client.ts'
import type { Caller } from '../../models/gateway/caller.ts'
import type { Planes } from '../planes.ts'

/** Whose key a request for a model carries. Errors: `api/no-gateway`, `api/no-key`, `api/wrong-key`. */
export async function clientOf({ gateway, keys }: Pick<Planes, 'gateway' | 'keys'>, c: Context): Promise<Client> {
  if (!gateway.isOpen) throw new MillraceError('api/no-gateway', {})
  const bearer = /^Bearer (\S{1,200})$/i.exec(c.req.header('authorization') ?? '')?.[1]
  const secret = c.req.header('x-api-key') ?? bearer
  if (secret === undefined) throw new MillraceError('api/no-key', {})
  const principal = await keys.verify(secret)
  if (!principal) throw new MillraceError('api/wrong-key', {})
  const { budgets, dataClass } = gateway.caller
  return { id: principal.key.id, tenant: principal.tenant, budgets, dataClass }
}

/** One call of a client, as the gateway takes it. */
export const callerOf = ({ budgets, dataClass, id, tenant }: Client): Caller => ({
  tenant,
  client: id,
  budgets,
  dataClass,
  priority: 1,
  facts: {},
})
