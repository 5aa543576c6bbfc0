import type { KeyObject } from 'node:crypto'
import type { Clock, Millis } from '../core/clock.ts'
import { isMillraceError, MillraceError } from '../core/errors/millrace-error.ts'
import type { CanonicalEvent } from '../core/event.ts'
import { type KeyId, mintId, type PersonId, type RunId, type SubjectId, type TenantId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { Random } from '../core/random.ts'
import { unseal } from '../core/seal.ts'
import { type Pool, transaction } from '../store/pool.ts'

/** What the dispatcher needs of its neighbours, in its own words. */
export interface DispatcherPorts {
  /** Holds a payload against the pipeline's schema. Errors that are the event's own fault are MillraceErrors of class `never`. */
  admit(
    pipeline: string,
    type: string,
    data: Json,
  ): Promise<{ input: Json; subject: string | undefined; entity: { type: string; id: string } | undefined }>
  start(run: StartedRun): Promise<unknown>
  unwrap(tenant: TenantId, key: KeyId, wrapped: Uint8Array | null): KeyObject
  subjects(tenant: TenantId, outside: readonly string[]): Promise<readonly { subject: SubjectId; key: KeyId }[]>
  link(tenant: TenantId, links: readonly { key: KeyId; subject: SubjectId }[]): Promise<void>
}

export interface StartedRun {
  readonly tenant: TenantId
  readonly run: RunId
  readonly pipeline: string
  readonly input: Json
  readonly entity?: { readonly type: string; readonly id: string }
  readonly subject?: SubjectId
  readonly key: KeyId
  readonly principal?: PersonId
  readonly priority: 0 | 1 | 2 | 3
}

interface Pending {
  readonly t: TenantId
  readonly source: string
  readonly id: string
  readonly run: RunId
  readonly pipeline: string
  readonly type: string
  readonly priority: 0 | 1 | 2 | 3
  readonly principal: PersonId | null
  readonly attempts: number
  readonly key_id: KeyId
  readonly wrapped: Buffer | null
  readonly body: Buffer
}

const pollEvery: Millis = 250
const mostAtOnce = 100
/** An event whose start failed this often, for reasons that are not its own, is put aside where a person sees it. */
const mostAttempts = 20

/**
 * Owns: from accepted to started. Does not own: running.
 *
 * 1. At most `mostActive` runs are active (started and not parked); the rest wait in the inbox, by priority, then by age.
 * 2. An event is claimed for 30 s; whoever dies with it loses the claim. Starting is idempotent, so nothing is started twice.
 * 3. What cannot be processed goes to the dead letters, with the code of why; nothing else is delayed by it.
 */
export class Dispatcher {
  readonly #pool: Pool
  readonly #ports: DispatcherPorts
  readonly #clock: Clock
  readonly #random: Random
  readonly #mostActive: number
  #isStopped = false
  #wake: (() => void) | undefined
  #loop: Promise<void> = Promise.resolve()

  constructor(options: { pool: Pool; ports: DispatcherPorts; clock: Clock; random: Random; mostActive?: number }) {
    this.#pool = options.pool
    this.#ports = options.ports
    this.#clock = options.clock
    this.#random = options.random
    this.#mostActive = options.mostActive ?? 100
  }

  start(): void {
    this.#loop = this.#run()
  }

  /** Something was accepted: look now. */
  nudge(): void {
    this.#wake?.()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.nudge()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const count = await this.round().catch(() => 0) // an outage: the next round does what this one could not
      if (count === 0) await this.#pause()
    }
  }

  async #pause(): Promise<void> {
    let cancelTimer: () => void = () => {}
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      cancelTimer = this.#clock.after(pollEvery, resolve)
    })
    cancelTimer()
    this.#wake = undefined
  }

  /** Starts what there is room for; answers how many events it has settled. */
  async round(): Promise<number> {
    const room = Math.min(mostAtOnce, this.#mostActive - (await this.#active()))
    if (room <= 0) return 0
    const pending = await this.#claim(room)
    await Promise.all(pending.map((event) => this.#settle(event)))
    return pending.length
  }

  async #active(): Promise<number> {
    const { rows } = await this.#pool.query<{ active: number }>({
      name: 'active',
      text: 'select count(*)::int as active from (select 1 from wake where not is_parked limit 10000) x',
    })
    return rows[0]?.active ?? 0
  }

  async #claim(limit: number): Promise<Pending[]> {
    const { rows } = await this.#pool.query<Pending>({
      name: 'claim-inbox',
      text: `with c as (
          update inbox i set attempts = i.attempts + 1, next_attempt = clock_timestamp() + interval '30 s'
          from (select t, source, id from inbox where state = 'pending' and (next_attempt is null or next_attempt <= clock_timestamp())
            order by priority, accepted, t, source, id limit $1 for update skip locked) x
          where i.t = x.t and i.source = x.source and i.id = x.id returning i.*)
        select c.t, c.source, c.id, c.run, c.pipeline, c.type, c.priority, c.principal, c.attempts, p.key_id, k.wrapped, p.body
        from c join payload p on p.t = c.t and p.month = id_month(c.payload) and p.id = c.payload join subject_key k on k.t = p.t and k.id = p.key_id
        order by c.priority, c.accepted`,
      values: [limit],
    })
    return rows
  }

  async #settle(pending: Pending): Promise<void> {
    try {
      await this.#start(pending)
      await this.#pool.query({
        name: 'started',
        text: `update inbox set state = 'started', settled = clock_timestamp() where t = $1 and source = $2 and id = $3 and state = 'pending'`,
        values: [pending.t, pending.source, pending.id],
      })
    } catch (error) {
      const own = isMillraceError(error) && error.retry === 'never' ? error : undefined
      if (own || pending.attempts >= mostAttempts)
        await this.#bury(
          pending,
          own ??
            new MillraceError('intake/unreadable', {
              why: `its run could not be started in ${pending.attempts} attempts`,
            }),
        )
    }
  }

  async #start({
    t,
    run,
    pipeline,
    type,
    priority,
    principal,
    key_id: eventKey,
    wrapped,
    body,
  }: Pending): Promise<void> {
    const event = unseal(this.#ports.unwrap(t, eventKey, wrapped), body) as unknown as CanonicalEvent // sealed by the inbox
    const { input, subject: outside, entity } = await this.#ports.admit(pipeline, type, event.data)
    const [known] = outside === undefined ? [] : await this.#ports.subjects(t, [outside])
    if (known) await this.#ports.link(t, [{ key: eventKey, subject: known.subject }])
    await this.#ports.start({
      tenant: t,
      run,
      pipeline,
      input,
      key: known?.key ?? eventKey,
      priority,
      ...(entity && { entity }),
      ...(known && { subject: known.subject }),
      ...(principal && { principal }),
    })
  }

  async #bury(pending: Pending, error: MillraceError): Promise<void> {
    await transaction(this.#pool, async (connection) => {
      const { rowCount } = await connection.query(
        `update inbox set state = 'dead', settled = clock_timestamp() where t = $1 and source = $2 and id = $3 and state = 'pending'`,
        [pending.t, pending.source, pending.id],
      )
      if (!rowCount) return
      await connection.query(
        'insert into dead_letter (t, id, source, event, run, code, message, attempts) values ($1, $2, $3, $4, $5, $6, $7, $8)',
        [
          pending.t,
          mintId('evt', this.#clock.today(), this.#random),
          pending.source,
          pending.id,
          pending.run,
          error.code,
          error.message.slice(0, 1000),
          pending.attempts,
        ],
      )
    })
  }
}
