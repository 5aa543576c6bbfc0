import { createSecretKey, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { mainTenant, mintId, type RunId } from '../../../core/ids.ts'
import { systemRandom } from '../../../core/random.ts'
import { RestateAdmin } from '../../../server/embedded/restate-admin.ts'
import { freePort } from '../../../server/embedded/free-port.ts'
import { openPool } from '../../../store/pool.ts'
import { testDatabase } from '../../../store/testing.ts'
import { createEngine } from '../engine.ts'
import { PostgresLog } from '../log-postgres.ts'
import { RestateScheduler } from '../scheduler-restate.ts'
import { type Bed, driveAsRival, type MakeBed } from './bed.ts'
import { describeEngine } from './suite.ts'

const key = createSecretKey(randomBytes(32))
const keyId = mintId('key', systemClock.today(), systemRandom)
const keys = { unwrap: () => key, get: () => Promise.resolve(key) }

/** Postgres and Restate, real; a crash drops the worker's connections and everything that it held, without a word. */
const makeBed: MakeBed = async (code, options = {}) => {
  const database = await testDatabase({ max: 10 })
  const loadPool = openPool({ url: database.appUrl, max: 3, name: 'loads' })
  const path = `/${randomBytes(6).toString('hex')}`
  const port = await freePort()
  const wrap = <T>(port: T, by: ((port: T) => T) | undefined): T => by?.(port) ?? port
  const make = () => {
    const log = new PostgresLog({ pool: database.pool, loadPool, keys, random: systemRandom, clock: systemClock })
    const scheduler = new RestateScheduler({
      ingressUrl: inject('restateIngressUrl'),
      port,
      identityKey: inject('restateIdentityKey'),
      service: `run${path.slice(1)}`,
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
  await new RestateAdmin(inject('restateAdminUrl')).register(life.scheduler.uri)
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
  const bed: Bed = {
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
      const reader = new PostgresLog({ pool: database.pool, loadPool, keys, random: systemRandom, clock: systemClock })
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
    async dispose() {
      await crashing
      await served[Symbol.asyncDispose]()
      await loadPool.end()
      await database.drop()
    },
  }
  return bed
}

describeEngine('Postgres and Restate', makeBed, { trees: 12, waits: 300 })
