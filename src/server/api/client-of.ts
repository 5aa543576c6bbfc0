import type { Context } from 'hono'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Client } from '../../models/clients/client.ts'
import { saidOfCaller } from '../../models/clients/said-of-caller.ts'
import type { ModelRequest } from '../../models/dialects/dialect.ts'
import type { Caller } from '../../models/gateway/caller.ts'
import type { Planes } from '../planes.ts'

/**
 * Whose key a request for a model carries. A key for models may do what it says, within what the project holds all clients to; of the keys for the
 * API the owner's alone call models. Errors: `api/no-gateway`, `api/no-key`, `api/wrong-key`, `model/key-not-for-models`.
 */
export async function clientOf(
  { clients, gateway, owner }: Pick<Planes, 'clients' | 'gateway' | 'owner'>,
  c: Context,
): Promise<Client> {
  if (!gateway.isOpen) throw new MillraceError('api/no-gateway', {})
  const bearer = /^Bearer (\S{1,200})$/i.exec(c.req.header('authorization') ?? '')?.[1]
  const secret = c.req.header('x-api-key') ?? bearer
  if (secret === undefined) throw new MillraceError('api/no-key', {})
  const principal = await clients.verify(secret)
  if (!principal) throw new MillraceError('api/wrong-key', {})
  const { grant, key, person, tenant } = principal
  const { budgets, dataClass } = gateway.caller
  if (grant)
    return {
      id: key.id,
      tenant,
      budgets: [...new Set([...budgets, ...grant.budgets])],
      dataClass: grant.dataClass,
      routes: grant.routes,
      limits: grant,
    }
  if (person.id !== owner.id) throw new MillraceError('model/key-not-for-models', { key: key.id })
  return { id: key.id, tenant, budgets, dataClass, limits: {} }
}

/** One call of a client, as the gateway takes it. Errors: `model/bad-caller`, `model/no-such-route`, which names none but the client's own. */
export function callerOf(
  { clients, modelRoutes }: Pick<Planes, 'clients' | 'modelRoutes'>,
  client: Client,
  { headers, request }: { headers: Readonly<Record<string, string>>; request: ModelRequest },
): Caller {
  const { budgets, dataClass, id, routes, tenant } = client
  refuseHidden(modelRoutes, client, request.model)
  const said = saidOfCaller(headers, request)
  const key = clients.stickyKey(tenant, said)
  const { entity, task } = said
  return {
    tenant,
    client: id,
    budgets,
    dataClass,
    priority: 1,
    ...(key !== undefined && { key }),
    ...(routes && { routes }),
    facts: { ...(entity && { entity }), ...(task !== undefined && { task }) },
  }
}

/** A route that a client may not ask is to it as one that is not there. Errors: `model/no-such-route`. */
export function refuseHidden(modelRoutes: Planes['modelRoutes'], client: Client, name: string): void {
  const { routes } = client
  if (routes && !namesFor(modelRoutes, client).includes(name))
    throw new MillraceError('model/no-such-route', { route: name.slice(0, 200), known: routes.join(', ') })
}

/** The routes that a client may ask, and their aliases. */
export const namesFor = ({ live }: Planes['modelRoutes'], { routes }: Client): readonly string[] =>
  live.all
    .filter(({ route }) => !routes || routes.includes(route))
    .flatMap(({ policy, route }) => [route, ...policy.aliases])
