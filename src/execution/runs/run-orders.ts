import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId, type PersonId, type RunId, type TenantId } from '../../core/ids.ts'
import { type Connection, type Pool, transaction } from '../../store/pool.ts'
import type { Engine } from '../engine/ports.ts'

/** What ordering needs of the audit log. */
export interface OrderAudit {
  append(
    connection: Connection,
    entries: readonly {
      readonly tenant: TenantId
      readonly actor: PersonId
      readonly action: 'runs/cancelled' | 'runs/resumed'
      readonly object: RunId
    }[],
  ): Promise<void>
}

interface Order {
  readonly tenant: TenantId
  readonly run: string
  readonly actor: PersonId
}

/**
 * Owns: what a person orders of a run: that it ends, or that it goes on after a pause. Does not own: how it does so (engine).
 *
 * 1. An audit record stands for each order that finds something to change, and is durable before the engine hears of it: should the process
 *    die between, the person sees that nothing has changed and orders again.
 */
export class RunOrders {
  readonly #pool: Pool
  readonly #audit: OrderAudit
  readonly #engine: Pick<Engine, 'cancel' | 'resume'>

  constructor(options: { pool: Pool; audit: OrderAudit; engine: Pick<Engine, 'cancel' | 'resume'> }) {
    this.#pool = options.pool
    this.#audit = options.audit
    this.#engine = options.engine
  }

  /** Errors: `governance/no-such-run`. `wasOpen`: false where the run had ended already. */
  async cancel(order: Order): Promise<{ readonly run: RunId; readonly wasOpen: boolean }> {
    const { run, isDue } = await this.#record(order, 'runs/cancelled', ['open', 'paused'])
    return { run, wasOpen: isDue && (await this.#engine.cancel(run)) }
  }

  /** Errors: `governance/no-such-run`. `wasPaused`: false where there was nothing to resume. */
  async resume(order: Order): Promise<{ readonly run: RunId; readonly wasPaused: boolean }> {
    const { run, isDue } = await this.#record(order, 'runs/resumed', ['paused'])
    return { run, wasPaused: isDue && (await this.#engine.resume(run)) }
  }

  async #record(
    { tenant, run, actor }: Order,
    action: 'runs/cancelled' | 'runs/resumed',
    states: readonly string[],
  ): Promise<{ readonly run: RunId; readonly isDue: boolean }> {
    if (!isId('run', run)) throw noSuchRun(run)
    return transaction(this.#pool, async (connection) => {
      const { rows } = await connection.query<{ state: string }>('select state from run where t = $1 and id = $2', [
        tenant,
        run,
      ])
      const [found] = rows
      if (!found) throw noSuchRun(run)
      const isDue = states.includes(found.state)
      if (isDue) await this.#audit.append(connection, [{ tenant, actor, action, object: run }])
      return { run, isDue }
    })
  }
}

const noSuchRun = (run: string): MillraceError => new MillraceError('governance/no-such-run', { run: run.slice(0, 64) })
