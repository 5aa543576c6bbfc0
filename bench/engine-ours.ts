import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { type KeyId, mainTenant, mintId, type RunId, type SubjectId } from '../src/core/ids.ts'
import { digestOf } from '../src/core/json.ts'
import { systemRandom } from '../src/core/random.ts'
import type { CorridorPorts } from '../src/execution/corridor/ports.ts'
import { createEngine } from '../src/execution/engine/engine.ts'
import { PostgresLog } from '../src/execution/engine/log-postgres.ts'
import type { Scheduler } from '../src/execution/engine/ports.ts'
import { RestateScheduler } from '../src/execution/engine/scheduler-restate.ts'
import { Pipelines } from '../src/execution/pipelines/registry.ts'
import { AllowList } from '../src/governance/allow-list.ts'
import { openMasterKey } from '../src/governance/master-key.ts'
import { Vault } from '../src/governance/vault.ts'
import { RestateAdmin } from '../src/server/embedded/restate-admin.ts'
import { migrate } from '../src/store/migrate.ts'
import { openPool } from '../src/store/pool.ts'
import { fiveDecisions, messageOf } from './engine-pipeline.ts'
import type { temporaryEngines } from './temporary-engines.ts'

/** As many persons as a small bank's morning: each run is sealed under the key of one. */
const subjects = 200

export interface Runner {
  /** Ends when the nth run has ended. */
  run(n: number): Promise<void>
  /** Throws unless every run so far has left what it should. */
  check(): Promise<void>
  dispose(): Promise<void>
}

/** The whole path: a real pipeline through the corridor, every row encrypted, committed to and linked, on Postgres and Restate. */
export async function ourRunner(engines: Awaited<ReturnType<typeof temporaryEngines>>, port: number): Promise<Runner> {
  await migrate(engines.postgres.ownerUrl)
  const pool = openPool({ url: engines.postgres.appUrl, max: 10, name: 'bench' })
  const loadPool = openPool({ url: engines.postgres.appUrl, max: 3, name: 'bench loads' })
  const vault = new Vault({
    pool,
    master: await openMasterKey(join(engines.path, 'master.key'), pool),
    random: systemRandom,
    clock: systemClock,
  })
  const people = await vault.subjects(
    mainTenant,
    Array.from({ length: subjects }, (_, n) => `customer ${n}`),
  )
  const waiting = new Map<RunId, () => void>()
  const scheduler = new RestateScheduler({
    ingressUrl: engines.restate.ingressUrl,
    port,
    identityKey: engines.restate.identityKey,
  })
  const log = new PostgresLog({ pool, loadPool, keys: vault, random: systemRandom, clock: systemClock })
  const process = mintId('pro', systemClock.today(), systemRandom)
  const engine = createEngine({
    log,
    scheduler: telling(scheduler, waiting),
    clock: systemClock,
    random: systemRandom,
    process,
  })
  const pipelines = new Pipelines([fiveDecisions], ports, digestOf('the bundle'))
  const served = await engine.serve((run) => pipelines.handlerOf(run))
  await new RestateAdmin(engines.restate.adminUrl).register(scheduler.uri)
  let started = 0

  const start = async (run: RunId, n: number): Promise<void> => {
    started++
    const { subject, key } = people[n % subjects] as { subject: SubjectId; key: KeyId } // there are as many as asked for
    const { name } = fiveDecisions
    const input = messageOf(n)
    await engine.start({ tenant: mainTenant, run, pipeline: name, digest: pipelines.digest, input, subject, key })
  }

  return {
    async run(n) {
      const run = mintId('run', systemClock.today(), systemRandom)
      const ended = new Promise<void>((resolve) => waiting.set(run, resolve))
      await start(run, n)
      await ended
    },
    async check() {
      const { rows } = await pool.query<Record<string, number>>(
        `select (select count(*)::int from run where state = 'succeeded') as runs, (select count(*)::int from run_log) as rows,
          (select count(*)::int from ledger_pending) as leaves, (select count(*)::int from run_log where body is null) as bare,
          (select count(*)::int from run_factor) as links, (select count(*)::int from wake) as wakes`,
      )
      const expected = { runs: started, rows: started * 6, leaves: started * 6, bare: 0, links: started * 6, wakes: 0 }
      if (JSON.stringify(rows[0]) !== JSON.stringify(expected))
        throw new Error(`left ${JSON.stringify(rows[0])}, not ${JSON.stringify(expected)}`)
    },
    async dispose() {
      await served[Symbol.asyncDispose]()
      await Promise.all([pool.end(), loadPool.end()])
    },
  }
}

/** Tells who waits for a run that a segment of it is over. */
function telling(scheduler: Scheduler, waiting: Map<RunId, () => void>): Scheduler {
  return {
    wake: (run, after) => scheduler.wake(run, after),
    serve: (segment) =>
      scheduler.serve(async (run, over) => {
        await segment(run, over)
        waiting.get(run)?.()
        waiting.delete(run)
      }),
  }
}

const unused = (): never => {
  throw new Error('the pipeline of this benchmark only decides')
}
const ports: CorridorPorts = {
  policy: new AllowList([{ pipeline: fiveDecisions.name, steps: ['decide:*'] }]),
  classifiers: { classify: unused },
  generators: { generate: unused },
  embedders: { embed: unused },
  knowledge: { search: unused },
  people: { ask: unused, answer: unused, close: unused },
  connectors: { get: unused },
  systems: { run: unused },
  holds: { find: async () => undefined },
  measure: { step() {} },
}
