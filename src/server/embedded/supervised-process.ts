import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { closeSync, rmSync } from 'node:fs'
import type { Clock, Millis } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { type Say, traceOf } from '../log.ts'
import type { Home } from './home.ts'
import { lastLines, openLog } from './log-file.ts'
import { writePidFile } from './orphans.ts'

/**
 * Owns: one server process, from its start to its end. Does not own: what it serves.
 *
 * 1. Detached, so that Ctrl-C reaches the application alone, which drains first.
 * 2. Its output goes to a file, not a pipe: a write to a dead supervisor's pipe would hurt the server.
 * 3. An end that nobody asked for is followed by a start, after 0.1 s doubling to 5 s; seven quick ends in a row are given up.
 * 4. A server that lives but does not answer is waited for, since it may be recovering what a crash left, and ended only after `readyWithin`.
 */
export interface ProcessSpec {
  readonly name: 'postgres' | 'restate'
  readonly home: Home
  readonly clock: Clock
  /** Its own data directory: for error messages. */
  readonly data: string
  /** A part of the command line by which the process is known as ours. */
  readonly mark: string
  readonly command: () => { readonly file: string; readonly args: readonly string[]; readonly options: SpawnOptions }
  /** Resolves when the server works, not when it merely listens. A MillraceError means that it never will. */
  readonly healthy: () => Promise<unknown>
  /** The pid changed. */
  readonly changed: () => void
  readonly say: Say
  readonly stop: NodeJS.Signals
  readonly force: NodeJS.Signals
}

const readyWithin = 300_000
const sayEvery = 15_000
const stopWithin = 12_000
const quick = 10_000
const mostQuickEnds = 6
const longestPause = 5000

export class SupervisedProcess {
  readonly #spec: ProcessSpec
  readonly #log: string
  #child: ChildProcess | undefined
  #ended: Promise<string> = Promise.resolve('')
  /** Why it ended; empty while it runs. */
  #gone = 'not started'
  #isStopping = false

  constructor(spec: ProcessSpec) {
    this.#spec = spec
    this.#log = spec.home.file(`log/${spec.name}.log`)
  }

  /** 0 while it does not run. */
  get pid(): number {
    return this.#gone ? 0 : (this.#child?.pid ?? 0)
  }

  /** Resolves when it is healthy. `giveUp` is told, later, when it cannot be kept alive. Errors: `server/engine-failed`, those of `healthy`. */
  async start(giveUp: (error: MillraceError) => void): Promise<void> {
    await this.#once()
    void this.#keep(giveUp)
  }

  /** Resolves when it has ended; forces it when it takes too long. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#signal(this.#spec.stop)
    const cancelForce = this.#spec.clock.after(stopWithin, () => this.force())
    const cancelKill = this.#spec.clock.after(stopWithin * 1.5, () => this.#signal('SIGKILL'))
    await this.#ended
    cancelForce()
    cancelKill()
  }

  force(): void {
    this.#isStopping = true
    this.#signal(this.#spec.force)
  }

  async #once(): Promise<void> {
    const { clock, healthy, name, say } = this.#spec
    this.#launch()
    let spoken = clock.now()
    for (const begun = spoken; ; await this.#sleep(25)) {
      if (this.#gone || this.#isStopping) throw this.#failed(this.#gone || 'it was stopped')
      try {
        return void (await healthy())
      } catch (error) {
        if (error instanceof MillraceError && error.retry === 'never') throw error
      }
      if (clock.now() - begun > readyWithin) {
        this.#signal(this.#spec.force)
        throw this.#failed(`it was not ready after ${readyWithin / 1000} s`)
      }
      if (clock.now() - spoken < sayEvery) continue
      spoken = clock.now()
      say(`${name} is still starting: it may be recovering what a crash left`, {
        event: 'engine-delayed',
        engine: name,
      })
    }
  }

  #launch(): void {
    const { changed, command, home, mark, name } = this.#spec
    const pidFile = home.file(`run/${name}.pid`)
    const { file, args, options } = command()
    const out = openLog(this.#log)
    const child = spawn(file, [...args], { ...options, detached: true, stdio: ['ignore', out, out] })
    closeSync(out)
    this.#child = child
    this.#gone = ''
    this.#ended = new Promise((resolve) => {
      const end = (why: string): void => {
        this.#gone = why
        rmSync(pidFile, { force: true })
        changed()
        resolve(why)
      }
      child.once('error', (error) => end(error.message))
      child.once('exit', (code, signal) => end(signal ?? `code ${code}`))
    })
    if (!child.pid) return
    writePidFile(pidFile, child.pid, mark)
    changed()
  }

  async #keep(giveUp: (error: MillraceError) => void): Promise<void> {
    const { clock, name, say } = this.#spec
    for (let ends = 0, since = clock.now(); ; since = clock.now()) {
      const why = await this.#ended
      if (this.#isStopping) return
      ends = clock.now() - since < quick ? ends + 1 : 0
      if (ends > mostQuickEnds) return giveUp(this.#failed(`it keeps ending: ${why}`))
      say(`${name} ended (${why}): starting it again`, { event: 'engine-ended', level: 'warn', engine: name, why })
      await this.#sleep(Math.min(longestPause, 50 * 2 ** ends))
      if (this.#isStopping) return
      try {
        await this.#once()
        say(`${name} works again`, { event: 'engine-recovered', engine: name })
      } catch (error) {
        if (this.#isStopping) continue
        const entry = { event: 'engine-failed', level: 'error', engine: name, code: traceOf(error).code } as const
        say(error instanceof Error ? error.message : String(error), entry)
      }
    }
  }

  #failed(why: string): MillraceError {
    const { data, name } = this.#spec
    return new MillraceError('server/engine-failed', {
      engine: name,
      why,
      data,
      log: this.#log,
      last: lastLines(this.#log),
    })
  }

  #sleep(ms: Millis): Promise<void> {
    return new Promise((resolve) => this.#spec.clock.after(ms, resolve))
  }

  #signal(name: NodeJS.Signals): void {
    if (this.pid === 0) return
    try {
      process.kill(this.pid, name)
    } catch {} // it has just ended
  }
}
