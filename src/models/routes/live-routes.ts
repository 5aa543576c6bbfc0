import type { Clock, Millis } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'
import { readRoutes, revisionOf } from './route-statements.ts'
import type { RouteVersion } from './route-version.ts'

/**
 * How often the registry's revision is looked at: one row by its key, so that a change is in force everywhere within two seconds even where one
 * look fails. LISTEN would be sooner by half a second, needs a connection that no pooler may lend, and loses what happens while that is made anew.
 */
const lookEvery: Millis = 700

/**
 * Owns: what this process holds of a tenant's routes. Does not own: which version answers (route-registry.ts).
 *
 * 1. A change is in force here within two seconds of its commit, at once after `refresh`.
 * 2. What is held never goes back to an older revision: two looks that overtake each other end at the newer.
 * 3. An outage of Postgres leaves what is held in force.
 */
export class LiveRoutes {
  readonly #pool: Pool
  readonly #tenant: TenantId
  readonly #clock: Clock
  #revision = -1n
  #routes: ReadonlyMap<string, RouteVersion> = new Map()
  #aliases: ReadonlyMap<string, RouteVersion> = new Map()
  #cancelTimer: () => void = () => {}
  #round: Promise<void> = Promise.resolve()
  #isClosed = false

  private constructor(o: { readonly pool: Pool; readonly tenant: TenantId; readonly clock: Clock }) {
    this.#pool = o.pool
    this.#tenant = o.tenant
    this.#clock = o.clock
  }

  /** Reads the routes, and looks again until it is closed. */
  static async open(o: { readonly pool: Pool; readonly tenant: TenantId; readonly clock: Clock }): Promise<LiveRoutes> {
    const live = new LiveRoutes(o)
    await live.refresh()
    live.#lookLater()
    return live
  }

  /** The version that answers a name or an alias. Errors: `model/no-such-route`. */
  get(name: string): RouteVersion {
    const found = this.#routes.get(name) ?? this.#aliases.get(name)
    if (found) return found
    throw new MillraceError('model/no-such-route', {
      route: name.slice(0, 200),
      known: [...this.#routes.keys()].join(', ') || 'none',
    })
  }

  /** Every route, by name. */
  get all(): readonly RouteVersion[] {
    return [...this.#routes.values()]
  }

  /** Reads again if anything has changed. */
  async refresh(): Promise<void> {
    const revision = await revisionOf(this.#pool, this.#tenant) // read first: what is read after it is at least as new
    if (revision <= this.#revision) return
    const routes = await readRoutes(this.#pool, this.#tenant, 'current')
    if (revision <= this.#revision) return
    this.#revision = revision
    this.#routes = new Map(routes.map((route) => [route.route, route]))
    this.#aliases = new Map(routes.flatMap((route) => route.policy.aliases.map((alias) => [alias, route] as const)))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelTimer()
    await this.#round
  }

  #lookLater(): void {
    if (this.#isClosed) return
    this.#cancelTimer = this.#clock.after(lookEvery, () => {
      this.#round = this.refresh()
        .catch(() => {}) // the next look does what this one could not
        .finally(() => this.#lookLater())
    })
  }
}
