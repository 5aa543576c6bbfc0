import type { PersonId, TenantId } from '../../core/ids.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { type RouteDeclaration, routeDeclaration, routeName } from '../../sdk/models.ts'
import { type Connection, type Pool, transaction } from '../../store/pool.ts'
import type { ModelVersion } from './model-version.ts'
import {
  announce,
  currentModels,
  keepModel,
  keepRoute,
  lockRoutes,
  nameModel,
  point,
  readRoutes,
  type Revision,
  revisionsOf,
  routeRow,
  versionsOfModel,
} from './route-statements.ts'
import { referencesOf, routeVersionOf, type RouteVersion } from './route-version.ts'

/** What the registry needs of the audit log. */
export interface RouteAudit {
  append(
    connection: Connection,
    entries: readonly {
      readonly tenant: TenantId
      readonly actor: PersonId | undefined
      readonly action:
        | 'models/declared'
        | 'routes/declared'
        | 'routes/version-added'
        | 'routes/promoted'
        | 'routes/rolled-back'
      /** A name and a version's digest: `chat@0f1e...`. */
      readonly object: string
    }[],
  ): Promise<void>
}

interface OfRoute {
  readonly tenant: TenantId
  readonly route: string
  readonly actor: PersonId
}

/**
 * Owns: models and routes with their versions, and which version answers: durable, for every process. Does not own: what a process holds of it
 * (live-routes.ts), what a version does with a call (plan-route.ts).
 *
 * 1. A version never changes; which one answers changes in one transaction with its revision and its audit entry.
 * 2. Changes of a tenant's routes come one after the other, under one lock, and each is announced in the transaction that makes it.
 * 3. A configuration counts when it says something else than it said last: a restart undoes no promotion, an edit does.
 * 4. Rolling back leads to the version before the one that answers, and again to the one before that: never to and fro.
 */
export class RouteRegistry {
  readonly #pool: Pool
  readonly #audit: RouteAudit

  constructor(o: { readonly pool: Pool; readonly audit: RouteAudit }) {
    this.#pool = o.pool
    this.#audit = o.audit
  }

  /**
   * Makes the registry hold what a project declares; called at each start, by any number of processes at once.
   * Errors: `model/no-such-model`, `model/bad-route`.
   */
  async declare(o: {
    readonly tenant: TenantId
    readonly models: readonly ModelVersion[]
    readonly routes: Readonly<Record<string, RouteDeclaration>>
  }): Promise<void> {
    const { tenant } = o
    await this.#change(tenant, async (connection) => {
      const done: Done[] = []
      for (const version of o.models) {
        await keepModel(connection, tenant, version)
        if (await nameModel(connection, tenant, version))
          done.push({ action: 'models/declared', object: `${version.model}@${version.digest}` })
      }
      const models = await currentModels(connection, tenant)
      for (const [route, declaration] of Object.entries(o.routes).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const version = await resolve({ connection, tenant, route, declaration, models })
        const row = await routeRow(connection, tenant, route)
        if (row?.declared === version.digest) continue
        await keepRoute(connection, tenant, version)
        await point(connection, tenant, { route, digest: version.digest, how: 'declared', declared: version.digest })
        done.push({ action: 'routes/declared', object: `${route}@${version.digest}` })
      }
      return done
    })
  }

  /** A new version of a route, that does not answer yet. Errors: `model/bad-route`, `model/no-such-model`. */
  async addVersion(o: OfRoute & { readonly declaration: unknown }): Promise<RouteVersion> {
    const { tenant, route, actor } = o
    const declaration = checked(route, o.declaration)
    let added: RouteVersion | undefined
    await this.#change(tenant, async (connection) => {
      const models = await currentModels(connection, tenant)
      added = await resolve({ connection, tenant, route, declaration, models })
      const isNew = await keepRoute(connection, tenant, added)
      return isNew ? [{ action: 'routes/version-added', object: `${route}@${added.digest}`, actor }] : []
    })
    if (!added) throw new TypeError('a change that was made has its version')
    return added
  }

  /**
   * The version answers from now on, in every process within two seconds. `version`: its digest or the beginning. `plan`: the plan that was looked
   * at, kept with the promotion. Answers whether anything changed. Errors: `model/no-such-version`, `model/no-such-plan`, `model/route-moved`
   * where the plan compares with a version that no longer answers, `model/bad-route`.
   */
  async promote(o: OfRoute & { readonly version: string; readonly plan?: string | undefined }): Promise<RouteVersion> {
    const { tenant, route, actor, plan } = o
    const version = await this.version(tenant, route, o.version)
    await this.#change(tenant, async (connection) => {
      const current = (await routeRow(connection, tenant, route))?.digest
      if (plan !== undefined) await fits(connection, { tenant, route, digest: version.digest, plan, current })
      if (current === version.digest) return []
      await point(connection, tenant, { route, digest: version.digest, how: 'promoted', actor, plan })
      return [{ action: 'routes/promoted', object: `${route}@${version.digest}`, actor }]
    })
    return version
  }

  /** The version before the one that answers does again. Answers it. Errors: `model/no-earlier-version`, `model/no-such-route`. */
  async rollBack({ tenant, route, actor }: OfRoute): Promise<RouteVersion> {
    let back = ''
    await this.#change(tenant, async (connection) => {
      if (!(await routeRow(connection, tenant, route))) throw await this.#noRoute(tenant, route)
      const earlier = before(await revisionsOf(connection, tenant, route))
      if (earlier === undefined) throw new MillraceError('model/no-earlier-version', { route })
      back = earlier
      await point(connection, tenant, { route, digest: back, how: 'rolled-back', actor })
      return [{ action: 'routes/rolled-back', object: `${route}@${back}`, actor }]
    })
    return this.version(tenant, route, back)
  }

  /** One version by its digest or the beginning; the one that answers where none is named. Errors: `model/no-such-route`, `model/no-such-version`. */
  async version(tenant: TenantId, route: string, prefix?: string): Promise<RouteVersion> {
    const wanted = prefix ?? (await routeRow(this.#pool, tenant, route))?.digest
    if (wanted === undefined) throw await this.#noRoute(tenant, route)
    const found = await readRoutes(this.#pool, tenant, { route, prefix: wanted })
    const [only, second] = found
    if (only && !second) return only
    throw new MillraceError('model/no-such-version', { route, version: wanted.slice(0, 64) })
  }

  /** The versions that answer. */
  current(tenant: TenantId): Promise<readonly RouteVersion[]> {
    return readRoutes(this.#pool, tenant, 'current')
  }

  /** The newest first. Errors: `model/no-such-route`. */
  async history(
    tenant: TenantId,
    route: string,
  ): Promise<{
    readonly current: string | undefined
    readonly versions: Awaited<ReturnType<typeof readRoutes>>
    readonly revisions: readonly Revision[]
  }> {
    const versions = await readRoutes(this.#pool, tenant, { route })
    if (versions.length === 0) throw await this.#noRoute(tenant, route)
    const [row, revisions] = [await routeRow(this.#pool, tenant, route), await revisionsOf(this.#pool, tenant, route)]
    return { current: row?.digest, versions, revisions }
  }

  /** The versions that bare names mean. */
  models(tenant: TenantId): Promise<readonly ModelVersion[]> {
    return currentModels(this.#pool, tenant)
  }

  /** The newest first. Errors: `model/no-such-model`. */
  async modelVersions(tenant: TenantId, model: string): Promise<readonly ModelVersion[]> {
    const versions = await versionsOfModel(this.#pool, tenant, model)
    if (versions.length > 0) return versions
    throw noModel(model, await this.models(tenant))
  }

  async #change(tenant: TenantId, work: (connection: Connection) => Promise<readonly Done[]>): Promise<void> {
    await transaction(this.#pool, async (connection) => {
      await lockRoutes(connection, tenant)
      const done = await work(connection)
      if (done.length === 0) return
      refuseClashes(await readRoutes(connection, tenant, 'current'))
      await this.#audit.append(
        connection,
        done.map(({ action, actor, object }) => ({ tenant, actor, action, object })),
      )
      await announce(connection, tenant)
    })
  }

  async #noRoute(tenant: TenantId, route: string): Promise<MillraceError> {
    const known = (await this.current(tenant)).map((one) => one.route).join(', ') || 'none'
    return new MillraceError('model/no-such-route', { route, known })
  }
}

interface Done {
  readonly action: Parameters<RouteAudit['append']>[1][number]['action']
  readonly object: string
  readonly actor?: PersonId
}

function checked(route: string, declaration: unknown): RouteDeclaration {
  const named = routeName.safeParse(route)
  const { success, error } = named.success ? routeDeclaration.safeParse(declaration) : named
  if (success) return declaration as RouteDeclaration // checked just above; its defaults are filled in where it is resolved
  const why = error.issues.slice(0, 10).map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`)
  throw new MillraceError('model/bad-route', { route, why: why.join('; ') })
}

/** Finds the models that a declaration names, and makes the version of it. */
async function resolve(o: {
  readonly connection: Connection
  readonly tenant: TenantId
  readonly route: string
  readonly declaration: RouteDeclaration
  readonly models: readonly ModelVersion[]
}): Promise<RouteVersion> {
  const found = new Map(o.models.map((one) => [one.model, one]))
  for (const reference of referencesOf(o.declaration)) {
    const [model = '', prefix] = reference.split('@')
    if (prefix === undefined) continue
    const versions = await versionsOfModel(o.connection, o.tenant, model)
    const [only, second] = versions.filter((one) => one.digest.startsWith(prefix))
    if (only && !second) found.set(reference, only)
  }
  return routeVersionOf(o.route, o.declaration, (reference) => {
    const version = found.get(reference)
    if (version) return version
    throw noModel(reference, o.models)
  })
}

const noModel = (model: string, models: readonly ModelVersion[]): MillraceError =>
  new MillraceError('model/no-such-model', { model, known: models.map((one) => one.model).join(', ') || 'none' })

/** A name leads to one route. */
function refuseClashes(routes: readonly RouteVersion[]): void {
  const taken = new Map(routes.map((one) => [one.route, one.route]))
  for (const { policy, route } of routes)
    for (const alias of policy.aliases) {
      const other = taken.get(alias)
      if (other !== undefined && other !== route)
        throw new MillraceError('model/bad-route', { route, why: `its alias ${alias} leads to the route ${other}` })
      taken.set(alias, route)
    }
}

/** A stack: what is declared or promoted goes on it, a roll-back takes the top off. */
function before(newestFirst: readonly Revision[]): string | undefined {
  const stack: string[] = []
  for (const { digest, how } of newestFirst.toReversed()) {
    if (how === 'rolled-back') stack.pop()
    else stack.push(digest)
  }
  return stack.at(-2)
}

/** A plan is of this version, and compares with what answers. */
async function fits(
  connection: Connection,
  o: {
    readonly tenant: TenantId
    readonly route: string
    readonly digest: string
    readonly plan: string
    readonly current: string | undefined
  },
): Promise<void> {
  const { rows } = await connection.query<{ base: string | null }>(
    'select base from route_plan where t = $1 and id = $2 and route = $3 and digest = $4',
    [o.tenant, o.plan, o.route, o.digest],
  )
  const [plan] = rows
  if (!plan) throw new MillraceError('model/no-such-plan', { plan: o.plan, route: o.route })
  if (plan.base !== (o.current ?? null))
    throw new MillraceError('model/route-moved', {
      route: o.route,
      base: (plan.base ?? 'none').slice(0, 12),
      current: (o.current ?? 'none').slice(0, 12),
    })
}
