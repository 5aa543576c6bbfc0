import type { Instant } from '../../core/clock.ts'
import type { PersonId, TenantId } from '../../core/ids.ts'
import type { Connection, Pool } from '../../store/pool.ts'
import { contentVersion, type ModelVersion, versionContent } from './model-version.ts'
import { routePolicy, type RouteVersion } from './route-version.ts'

/** How a version came to answer. */
export type How = 'declared' | 'promoted' | 'rolled-back'

export interface Revision {
  readonly ordinal: number
  readonly digest: string
  readonly previous: string | null
  readonly how: How
  readonly actor: PersonId | null
  readonly plan: string | null
  readonly at: Instant
}

type Queryable = Pool | Connection

/** Takes the lock of a tenant's routes for the transaction: changes come one after the other, and in no other order can they lock. */
export async function lockRoutes(connection: Connection, tenant: TenantId): Promise<void> {
  await connection.query('insert into route_registry (t) values ($1) on conflict do nothing', [tenant])
  await connection.query('select from route_registry where t = $1 for update', [tenant])
}

/** Tells every process that what it holds is old. */
export async function announce(connection: Connection, tenant: TenantId): Promise<void> {
  await connection.query('update route_registry set revision = revision + 1 where t = $1', [tenant])
}

export async function revisionOf(from: Queryable, tenant: TenantId): Promise<bigint> {
  const { rows } = await from.query<{ revision: string }>({
    name: 'route-revision',
    text: 'select revision from route_registry where t = $1',
    values: [tenant],
  })
  return BigInt(rows[0]?.revision ?? 0)
}

/** The versions that bare names mean. */
export async function currentModels(from: Queryable, tenant: TenantId): Promise<readonly ModelVersion[]> {
  const { rows } = await from.query<{ content: unknown }>(
    'select v.content from model m join model_version v on v.t = m.t and v.model = m.name and v.digest = m.digest where m.t = $1 order by m.name',
    [tenant],
  )
  return rows.map(({ content }) => contentVersion(versionContent.parse(content)))
}

/** Versions of one model, the newest first. */
export async function versionsOfModel(
  from: Queryable,
  tenant: TenantId,
  model: string,
): Promise<readonly ModelVersion[]> {
  const { rows } = await from.query<{ content: unknown }>(
    'select content from model_version where t = $1 and model = $2 order by created desc, digest limit 1000',
    [tenant, model],
  )
  return rows.map(({ content }) => contentVersion(versionContent.parse(content)))
}

/** True where the version is new. */
export async function keepModel(connection: Connection, tenant: TenantId, version: ModelVersion): Promise<boolean> {
  const { digest, ...content } = version
  const { rowCount } = await connection.query(
    'insert into model_version (t, model, digest, content) values ($1, $2, $3, $4) on conflict do nothing',
    [tenant, version.model, digest, JSON.stringify(content)],
  )
  return rowCount === 1
}

/** True where the name meant something else. */
export async function nameModel(connection: Connection, tenant: TenantId, version: ModelVersion): Promise<boolean> {
  const { rowCount } = await connection.query(
    `insert into model as m (t, name, digest) values ($1, $2, $3)
     on conflict (t, name) do update set digest = $3 where m.digest <> $3`,
    [tenant, version.model, version.digest],
  )
  return rowCount === 1
}

/** True where the version is new. */
export async function keepRoute(connection: Connection, tenant: TenantId, version: RouteVersion): Promise<boolean> {
  const { rowCount } = await connection.query(
    'insert into route_version (t, route, digest, policy) values ($1, $2, $3, $4) on conflict do nothing',
    [tenant, version.route, version.digest, JSON.stringify(version.policy)],
  )
  return rowCount === 1
}

/** Versions of routes with their models: those that answer, or those of one route that begin with a digest, or all of one route. */
export async function readRoutes(
  from: Queryable,
  tenant: TenantId,
  which: 'current' | { readonly route: string; readonly prefix?: string },
): Promise<readonly (RouteVersion & { readonly created: Instant })[]> {
  const { rows } = await from.query<{ route: string; digest: string; policy: unknown; created: Date }>(
    which === 'current'
      ? 'select v.* from route r join route_version v on v.t = r.t and v.route = r.name and v.digest = r.digest where r.t = $1 order by r.name'
      : `select * from route_version where t = $1 and route = $2 and starts_with(digest, $3) order by created desc, digest limit 1000`,
    which === 'current' ? [tenant] : [tenant, which.route, which.prefix ?? ''],
  )
  const policies = rows.map((row) => ({ ...row, policy: routePolicy.parse(row.policy) }))
  const named = policies.map(({ policy }) => digestsOf(policy))
  const { rows: models } = await from.query<{ content: unknown }>(
    'select content from model_version where t = $1 and digest = any($2)',
    [tenant, [...new Set(named.flat())]],
  )
  const known = new Map(
    models.map(({ content }) => {
      const version = contentVersion(versionContent.parse(content))
      return [version.digest, version]
    }),
  )
  return policies.map(({ created, digest, policy, route }) => ({
    route,
    digest,
    policy,
    created: created.getTime(),
    models: Object.fromEntries(
      digestsOf(policy).flatMap((one) => {
        const found = known.get(one)
        return found ? [[one, found] as const] : []
      }),
    ),
  }))
}

const digestsOf = ({ cascade, fallback, shadows, targets }: RouteVersion['policy']): readonly string[] => [
  ...[...targets, ...fallback, ...shadows, ...(cascade?.then ?? [])].map((one) => one.version),
  ...(cascade?.scorer.by === 'judge' ? [cascade.scorer.version] : []),
]

export interface RouteRow {
  readonly digest: string
  readonly declared: string | null
}

export async function routeRow(from: Queryable, tenant: TenantId, route: string): Promise<RouteRow | undefined> {
  const { rows } = await from.query<{ digest: string; declared: string | null }>(
    'select digest, declared from route where t = $1 and name = $2',
    [tenant, route],
  )
  return rows[0]
}

/** Makes a version answer, and remembers how that came; `declared` stays where none is given. */
export async function point(
  connection: Connection,
  tenant: TenantId,
  change: {
    readonly route: string
    readonly digest: string
    readonly how: How
    readonly actor?: PersonId | undefined
    readonly plan?: string | undefined
    readonly declared?: string
  },
): Promise<void> {
  const { route, digest, how, actor, plan, declared } = change
  await connection.query(
    `insert into route_revision (t, route, ordinal, digest, previous, how, actor, plan)
     select $1, $2, coalesce((select max(ordinal) from route_revision where t = $1 and route = $2), 0) + 1, $3,
       (select digest from route where t = $1 and name = $2), $4, $5, $6`,
    [tenant, route, digest, how, actor ?? null, plan ?? null],
  )
  await connection.query(
    `insert into route (t, name, digest, declared) values ($1, $2, $3, $4)
     on conflict (t, name) do update set digest = $3, declared = coalesce($4, route.declared)`,
    [tenant, route, digest, declared ?? null],
  )
}

/** The newest first. */
export async function revisionsOf(from: Queryable, tenant: TenantId, route: string): Promise<readonly Revision[]> {
  const { rows } = await from.query<Omit<Revision, 'at'> & { at: Date }>(
    'select ordinal, digest, previous, how, actor, plan, at from route_revision where t = $1 and route = $2 order by ordinal desc limit 1000',
    [tenant, route],
  )
  return rows.map((row) => ({ ...row, at: row.at.getTime() }))
}
