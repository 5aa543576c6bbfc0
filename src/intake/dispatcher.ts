import type { KeyObject } from 'node:crypto'
import type { Clock, Millis } from '../core/clock.ts'
import { isMillraceError, MillraceError } from '../core/errors/millrace-error.ts'
import type { CanonicalEvent } from '../core/event.ts'
import {
  type KeyId,
  mintId,
  type PayloadId,
  type PersonId,
  type RunId,
  type SubjectId,
  type TenantId,
} from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { Random } from '../core/random.ts'
import { unseal } from '../core/seal.ts'
import { isConnectionError, isFull, type Pool, transaction } from '../store/pool.ts'

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

interface Pending extends Record<string, unknown> {
  readonly t: TenantId
  readonly source: string
  readonly id: string
  readonly run: RunId
  readonly pipeline: string
  readonly type: string
  readonly priority: 0 | 1 | 2 | 3
  readonly principal: PersonId | null
  readonly attempts: number
  readonly payload: PayloadId
  /** Null: the payload, or its key, is not there. */
  readonly key_id: KeyId | null
  readonly wrapped: Buffer | null
  readonly body: Buffer | null
}

const pollEvery: Millis = 250
const mostAtOnce = 100
/** A round waits this long for its slowest event; then the next one begins beside it. */
const patience: Millis = 1000
/**
 * An event whose start failed this often for no reason that is known is put aside where a person sees it: after 70 minutes by the pauses below.
 * An outage counts for nothing, however long it takes; the death of a process in the middle counts.
 */
const mostAttempts = 20
/** Seconds until the next attempt: doubling from one to five minutes; in an outage always the same. */
const longestPause = 300
const outagePause = 5

/**
 * Owns: from accepted to started. Does not own: running.
 *
 * 1. At most `mostActive` runs are active (started and not parked); the rest wait in the inbox, by priority, then by age.
 * 2. An event is claimed for 30 s; whoever dies with it loses the claim. Starting is idempotent, so nothing is started twice.
 * 3. What cannot be processed goes to the dead letters, with the code of why; nothing else is delayed by it, nor by a start that hangs.
 * 4. Nothing is lost: an event is pending, started or a dead letter.
 * 5. Events of a pipeline that is paused stay pending.
 */
export class Dispatcher {
  readonly #pool: Pool
  readonly #ports: DispatcherPorts
  readonly #clock: Clock
  readonly #random: Random
  readonly #mostActive: number
  readonly #inHand = new Set<Promise<void>>()
  #isStopped = false
  #isNudged = false
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
    this.#isNudged = true
    this.#wake?.()
  }

  /** Takes nothing more, and resolves when what it has in hand is settled. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.nudge()
    await this.#loop
    await Promise.all(this.#inHand)
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      this.#isNudged = false
      const count = await this.round().catch(() => 0) // an outage: the next round does what this one could not
      if (count === 0 && !this.#isNudged) await this.#pause()
    }
  }

  /** Until the time is over, or a nudge comes. */
  async #pause(): Promise<void> {
    const { nudged, cancel } = this.#timer(pollEvery)
    this.#wake = nudged.resolve
    await nudged.promise
    this.#wake = undefined
    cancel()
  }

  /** Until all of it is done, or the time is over. */
  async #wait(work: readonly Promise<void>[], most: Millis): Promise<void> {
    const { nudged, cancel } = this.#timer(most)
    await Promise.race([Promise.all(work), nudged.promise])
    cancel()
  }

  #timer(ms: Millis): { nudged: PromiseWithResolvers<void>; cancel: () => void } {
    const nudged = Promise.withResolvers<void>()
    return { nudged, cancel: this.#clock.after(ms, nudged.resolve) }
  }

  /** Takes what there is room for, and waits a while for it to be settled. Answers how many events it took. */
  async round(): Promise<number> {
    const free = Math.min(mostAtOnce, this.#mostActive - (await this.#active())) - this.#inHand.size
    const pending = free > 0 ? await this.#claim(free) : []
    for (const event of pending) {
      const work = this.#settle(event).catch(() => {}) // an outage: the claim ends, and another round takes it
      this.#inHand.add(work)
      void work.then(() => this.#inHand.delete(work))
    }
    if (this.#inHand.size > 0) await this.#wait([...this.#inHand], patience)
    return pending.length
  }

  async #active(): Promise<number> {
    const { rows } = await this.#pool.query<{ active: number }>({
      name: 'active',
      text: 'select count(*)::int as active from (select 1 from wake where not is_parked limit 10000) x',
    })
    return rows[0]?.active ?? 0
  }

  /**
   * The first of each pipeline that has any and is not paused, then the first of these. Rejected: one walk over all that is pending, which went
   * past every event of a paused pipeline, at each look (60,000 of them: 20 ms, and a look for every batch that was accepted).
   */
  async #claim(limit: number): Promise<Pending[]> {
    const { rows } = await this.#pool.query<Pending>({
      name: 'claim-inbox',
      text: `with recursive p as (
          (select t, pipeline from inbox where state = 'pending' order by t, pipeline limit 1)
          union all
          select n.t, n.pipeline from p cross join lateral (select t, pipeline from inbox where state = 'pending' and (t, pipeline) > (p.t, p.pipeline)
            order by t, pipeline limit 1) n),
        f as (select e.* from p cross join lateral (select t, source, id, priority, accepted from inbox where state = 'pending' and (t, pipeline) = (p.t, p.pipeline)
              and (next_attempt is null or next_attempt <= clock_timestamp()) order by priority, accepted, source, id limit $1 for update skip locked) e
          where not exists (select from pipeline_switch s where s.t = p.t and s.pipeline = p.pipeline and s.paused)),
        c as (
          update inbox i set attempts = i.attempts + 1, next_attempt = clock_timestamp() + interval '30 s'
          from (select t, source, id from f order by priority, accepted, t, source, id limit $1) x
          where i.t = x.t and i.source = x.source and i.id = x.id returning i.*)
        select c.t, c.source, c.id, c.run, c.pipeline, c.type, c.priority, c.principal, c.attempts, c.payload, k.id as key_id, k.wrapped, p.body
        from c left join payload p on p.t = c.t and p.month = id_month(c.payload) and p.id = c.payload left join subject_key k on k.t = p.t and k.id = p.key_id
        order by c.priority, c.accepted`,
      values: [limit],
    })
    return rows
  }

  async #settle(pending: Pending): Promise<void> {
    if (pending.attempts > mostAttempts) return this.#bury(pending, notStarted(pending, 'the death of the process'))
    let failed: unknown
    try {
      await this.#start(pending)
    } catch (error) {
      failed = error
    }
    if (failed === undefined) return this.#mark(pending)
    if (isMillraceError(failed) && failed.retry === 'never') return this.#bury(pending, failed)
    // A MillraceError that is left is of class backoff or pause: none of these is the event's fault.
    const isOutage = isConnectionError(failed) || isFull(failed) || isMillraceError(failed)
    if (!isOutage && pending.attempts >= mostAttempts) return this.#bury(pending, notStarted(pending, nameOf(failed)))
    await this.#putBack(pending, isOutage)
  }

  async #mark({ t, source, id }: Pending): Promise<void> {
    await this.#pool.query({
      name: 'started',
      text: `update inbox set state = 'started', settled = clock_timestamp() where t = $1 and source = $2 and id = $3 and state = 'pending'`,
      values: [t, source, id],
    })
  }

  async #putBack({ t, source, id, attempts }: Pending, isOutage: boolean): Promise<void> {
    const pause = isOutage ? outagePause : Math.min(longestPause, 2 ** (attempts - 1))
    await this.#pool.query({
      name: 'put-back',
      text: `update inbox set attempts = $4, next_attempt = clock_timestamp() + make_interval(secs => $5)
        where t = $1 and source = $2 and id = $3 and state = 'pending' and attempts = $6`,
      values: [t, source, id, isOutage ? attempts - 1 : attempts, pause, attempts],
    })
  }

  async #start(pending: Pending): Promise<void> {
    const { t, run, pipeline, type, priority, principal, key_id: eventKey } = pending
    const { input, subject: outside, entity } = await this.#ports.admit(pipeline, type, this.#open(pending).data)
    if (!eventKey) throw new TypeError('what was opened has a key')
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

  #open({ t, payload, key_id: key, wrapped, body }: Pending): CanonicalEvent {
    if (!key || !body) throw new MillraceError('governance/no-such-payload', { payload })
    const opened = this.#ports.unwrap(t, key, wrapped)
    try {
      return unseal(opened, body) as unknown as CanonicalEvent // sealed by the inbox
    } catch (cause) {
      throw new MillraceError('governance/payload-altered', { payload }, { cause })
    }
  }

  async #bury(pending: Pending, error: MillraceError): Promise<void> {
    await transaction(this.#pool, async (connection) => {
      const { rowCount } = await connection.query(
        `update inbox set state = 'dead', settled = clock_timestamp()
         where t = $1 and source = $2 and id = $3 and state = 'pending' and attempts = $4`, // another claim of it is newer: it decides
        [pending.t, pending.source, pending.id, pending.attempts],
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
          error.message.replaceAll('\u0000', '').slice(0, 1000).toWellFormed(),
          pending.attempts,
        ],
      )
    })
  }
}

const notStarted = ({ attempts }: Pending, why: string): MillraceError =>
  new MillraceError('intake/not-started', { attempts: Math.min(attempts, mostAttempts), why })

/** What an error is called: its words may hold what came from outside. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)
