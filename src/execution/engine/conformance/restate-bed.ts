import { createSecretKey, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { mainTenant, mintId, type RunId } from '../../../core/ids.ts'
import { systemRandom } from '../../../core/random.ts'
import { RestateAdmin } from '../../../server/embedded/restate-admin.ts'
import { freePort } from '../../../server/embedded/free-port.ts'
import { openPool } from '../../../store/pool.ts'
import { type TestDatabase, testDatabase } from '../../../store/testing.ts'
import { createEngine } from '../engine.ts'
import { PostgresLog } from '../log-postgres.ts'
import { RestateScheduler } from '../scheduler-restate.ts'
import { type Bed, type BedOptions, driveAsRival } from './bed.ts'
import type { RunContext } from '../ports.ts'
import type { Json } from '../../../core/json.ts'

const key = createSecretKey(randomBytes(32))
const keyId = mintId('key', systemClock.today(), systemRandom)
const keys = { unwrap: () => key, get: () => Promise.resolve(key) }

export interface RestateBed extends Bed {
  readonly database: TestDatabase
  /** Of the worker's handler. */
  readonly port: number
  /** Makes the handler known to an engine that has forgotten it. */
  register(): Promise<void>
  /** The engine's invocations of this bed's runs that have not ended. */
  invocations(): Promise<readonly string[]>
  /** Key and phase, empty without rows; `rows` loads the run as a worker would, and so puts its wake off. */
  lastRow(run: RunId): Promise<string>
  /** Ends all of them in the engine, as an operator may; answers how many there were. */
  killInvocations(): Promise<number>
  /** So much time goes by for the sweeper: what was due then is due now. */
  later(ms: number): Promise<void>
}

export interface RestateBedOptions extends BedOptions {
  /** Default: the one of the test run. */
  readonly restate?: {
    readonly ingressUrl: string
    readonly adminUrl: string
    readonly identityKey: string | undefined
  }
  /** Where the worker finds a port: something may stand between. */
  readonly between?: (url: string) => Promise<string>
}

/** Postgres and Restate, real; a crash drops the worker's connections and everything that it held, without a word. */
export async function makeRestateBed(
  code: (context: RunContext) => Promise<Json>,
  options: RestateBedOptions = {},
): Promise<RestateBed> {
  const database = await testDatabase({ max: 10 })
  const { between = async (url: string) => url } = options
  const restate = options.restate ?? {
    ingressUrl: inject('restateIngressUrl'),
    adminUrl: inject('restateAdminUrl'),
    identityKey: inject('restateIdentityKey'),
  }
  const admin = new RestateAdmin(restate.adminUrl)
  const [url, ingressUrl] = [await between(database.appUrl), await between(restate.ingressUrl)]
  const pool = openPool({ url, max: 10, name: 'worker' })
  const loadPool = openPool({ url, max: 3, name: 'loads' })
  const path = `/${randomBytes(6).toString('hex')}`
  const service = `run${path.slice(1)}`
  const port = await freePort()
  const wrap = <T>(port: T, by: ((port: T) => T) | undefined): T => by?.(port) ?? port
  const make = () => {
    const log = new PostgresLog({ pool, loadPool, keys, random: systemRandom, clock: systemClock })
    const scheduler = new RestateScheduler({
      ingressUrl,
      port,
      identityKey: restate.identityKey,
      service,
      path,
    })
    const engine = createEngine({
      log: wrap(log, options.wrapLog),
      scheduler: wrap(scheduler, options.wrapScheduler),
      clock: systemClock,
      random: systemRandom,
      process: mintId('pro', systemClock.today(), systemRandom),
      ...(options.limits && { limits: options.limits }),
    })
    return { log, scheduler, engine }
  }
  let life = make()
  let served = await life.engine.serve(() => code)
  await admin.register(life.scheduler.uri)
  if (options.isAbsent) await served[Symbol.asyncDispose]()
  const started = new Set<RunId>()
  const crash = async (): Promise<void> => {
    for (const segment of life.engine.live.values()) segment.kill()
    const dying = served[Symbol.asyncDispose]()
    await dying
    life = make()
    served = await life.engine.serve(() => code)
  }
  const isAtRest = async (): Promise<boolean> => {
    if (life.engine.live.size > 0) return false
    const { rows } = await database.pool.query<{ moving: number }>(
      `select count(*)::int as moving from wake w join run r on r.t = w.t and r.id = w.run where r.state <> 'paused' and (not w.is_parked or w.heard_by < clock_timestamp() + interval '1 h')`,
    )
    return rows[0]?.moving === 0
  }
  let crashing: Promise<void> = Promise.resolve()
  const invocations = async (): Promise<readonly string[]> =>
    (
      await admin.query(
        `select id from sys_invocation where target_service_name = '${service}' and status <> 'completed'`,
      )
    ).map(({ id }) => String(id))
  const bed: RestateBed = {
    database,
    port,
    get engine() {
      return life.engine
    },
    async start(input = null, { run = bed.runId(), digest = 'd' } = {}) {
      started.add(run)
      await life.engine.start({ tenant: mainTenant, run, pipeline: 'test', digest, input, key: keyId })
      return run
    },
    runId: () => mintId('run', systemClock.today(), systemRandom),
    crash: () => (crashing = crashing.then(crash)),
    async rest() {
      await crashing
      while (!(await isAtRest())) await sleep(20)
    },
    outcome: async (run) => (await life.log.outcome(run))?.outcome,
    rows: async (run) => {
      const reader = new PostgresLog({
        pool: database.pool,
        loadPool: database.pool,
        keys,
        random: systemRandom,
        clock: systemClock,
      })
      return (
        (await reader.load(run, { process: mintId('pro', 0, systemRandom), writer: mintId('wri', 0, systemRandom) }))
          ?.rows ?? []
      )
    },
    delay: (ms) => sleep(ms),
    rival: (run) => driveAsRival({ log: make().log, clock: systemClock, code, run }),
    async cut(run, rows) {
      await database.ownerPool.query(
        `with gone as (delete from run_log where run = $1 and seq > (select max(seq) from run_log where run = $1) - $2 returning run, seq)
        delete from ledger_pending p using gone where p.run = gone.run and p.seq = gone.seq`,
        [run, rows],
      )
    },
    register: () => admin.register(life.scheduler.uri),
    invocations,
    async lastRow(run) {
      const { rows } = await database.pool.query<{ key: string; phase: string }>(
        'select key, phase from run_log where run = $1 order by seq desc limit 1',
        [run],
      )
      return rows[0] ? `${rows[0].key} ${rows[0].phase}` : ''
    },
    async killInvocations() {
      const ids = await invocations()
      for (const id of ids)
        await fetch(`${restate.adminUrl}/invocations/${id}/kill`, {
          method: 'PATCH',
          signal: AbortSignal.timeout(5000),
        })
      return ids.length
    },
    async later(ms) {
      await database.pool.query(
        `update wake set heard_by = heard_by - $1 * interval '1 ms' where heard_by < 'infinity'`,
        [ms],
      )
    },
    async dispose() {
      await crashing
      await served[Symbol.asyncDispose]()
      await Promise.all([pool.end(), loadPool.end()])
      await database.drop()
    },
  }
  return bed
}
