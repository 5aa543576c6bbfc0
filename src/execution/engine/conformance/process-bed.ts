import { type ChildProcess, spawn } from 'node:child_process'
import { createSecretKey, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { mainTenant, mintId, type RunId } from '../../../core/ids.ts'
import { systemRandom } from '../../../core/random.ts'
import { freePort } from '../../../server/embedded/free-port.ts'
import { RestateAdmin } from '../../../server/embedded/restate-admin.ts'
import { testDatabase, type TestDatabase } from '../../../store/testing.ts'
import { createEngine } from '../engine.ts'
import { PostgresLog } from '../log-postgres.ts'
import type { Engine, RunOutcome } from '../ports.ts'
import { RestateScheduler, type RestateOptions } from '../scheduler-restate.ts'

export interface WorkerSettings {
  readonly appUrl: string
  /** Hex. */
  readonly key: string
  readonly restate: Pick<RestateOptions, 'ingressUrl' | 'port' | 'identityKey' | 'service' | 'path'>
  /** Where bodies note that they ran. */
  readonly book: string
  /** The first process's is 1. */
  readonly life: number
}

const worker = fileURLToPath(new URL('./process-worker.ts', import.meta.url))

/** The engine over Postgres and Restate, its worker a process of its own, which is started again when it dies. */
export class ProcessBed {
  /** Asks, and drives nothing. */
  readonly engine: Engine
  /** Processes that ended by a signal nobody here sent. */
  deaths = 0
  readonly #database: TestDatabase
  readonly #settings: Omit<WorkerSettings, 'life'>
  readonly #log: PostgresLog
  readonly #keyId = mintId('key', systemClock.today(), systemRandom)
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-processes-'))
  #life = 0
  #child: ChildProcess | undefined
  #id = ''
  #isKept = true
  #keeping: Promise<void> = Promise.resolve()

  private constructor(database: TestDatabase, port: number) {
    this.#database = database
    const secret = randomBytes(32)
    const name = randomBytes(6).toString('hex')
    const [ingressUrl, identityKey] = [inject('restateIngressUrl'), inject('restateIdentityKey')]
    this.#settings = {
      appUrl: database.appUrl,
      key: secret.toString('hex'),
      restate: { ingressUrl, port, identityKey, service: `run${name}`, path: `/${name}` },
      book: join(this.#directory, 'book'),
    }
    writeFileSync(this.#settings.book, '')
    const key = createSecretKey(secret)
    const keys = { unwrap: () => key, get: () => Promise.resolve(key) }
    const common = { random: systemRandom, clock: systemClock }
    this.#log = new PostgresLog({ pool: database.pool, loadPool: database.pool, keys, ...common })
    this.engine = createEngine({
      log: this.#log,
      scheduler: new RestateScheduler(this.#settings.restate),
      process: mintId('pro', systemClock.today(), systemRandom),
      ...common,
    })
  }

  static async open(): Promise<ProcessBed> {
    return new ProcessBed(await testDatabase(), await freePort())
  }

  async start(code: string): Promise<RunId> {
    const run = mintId('run', systemClock.today(), systemRandom)
    await this.engine.start({
      tenant: mainTenant,
      run,
      pipeline: 'test',
      digest: 'd',
      input: code,
      key: this.#keyId,
    })
    return run
  }

  /** A worker serves from now on; one that dies is followed by another. */
  async serve(): Promise<void> {
    await this.#spawn()
    this.#keeping = this.#keep()
  }

  async #spawn(): Promise<void> {
    const settings: WorkerSettings = { ...this.#settings, life: ++this.#life }
    const child = spawn(process.execPath, [worker, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    this.#id = line
    const admin = new RestateAdmin(inject('restateAdminUrl'))
    const { port, path } = this.#settings.restate
    await admin.register(`http://127.0.0.1:${port}${path}`)
    await admin.resumeBackingOff()
  }

  async #keep(): Promise<void> {
    for (;;) {
      const child = this.#child
      if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      if (!this.#isKept) return
      this.deaths++
      await this.#letTimePass()
      await this.#spawn()
    }
  }

  /** Its last beat is then long ago, as after a restart that took its time. */
  async #letTimePass(): Promise<void> {
    await this.#database.pool.query(`update process set beat = beat - interval '10 s' where id = $1`, [this.#id])
  }

  /** SIGKILL, and no other follows until `serve`. */
  async kill(): Promise<void> {
    this.#isKept = false
    this.#child?.kill('SIGKILL')
    await this.#keeping
    await this.#letTimePass()
    this.#isKept = true
  }

  /** What bodies of the run noted. */
  notes(run: RunId): readonly string[] {
    const lines = readFileSync(this.#settings.book, 'utf8').split('\n')
    return lines.filter((line) => line.startsWith(run)).map((line) => line.slice(run.length + 1))
  }

  async outcome(run: RunId): Promise<RunOutcome | undefined> {
    return (await this.#log.outcome(run))?.outcome
  }

  async why(run: RunId): Promise<{ readonly state: string; readonly why: string | null } | undefined> {
    const { rows } = await this.#database.pool.query<{ state: string; why: string | null }>(
      'select state, why from run where id = $1',
      [run],
    )
    return rows[0]
  }

  async until(isSo: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await isSo())) await sleep(20)
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#directory, { recursive: true, force: true })
    await this.#database.drop()
  }
}
