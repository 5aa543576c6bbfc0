import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Home } from './home.ts'

/**
 * Owns: one server process, from its start to its end. Does not own: what it serves.
 *
 * 1. Detached, so that Ctrl-C reaches the application alone, which drains first.
 * 2. Its output goes to a file, not a pipe: a write to a dead supervisor's pipe would hurt the server.
 * 3. An end that nobody asked for is followed by a start, after 0.1 s doubling to 5 s; seven quick ends in a row are given up.
 */
export interface ProcessSpec {
  readonly name: 'postgres' | 'restate'
  readonly home: Home
  command(): { readonly file: string; readonly args: readonly string[]; readonly options: SpawnOptions }
  /** Resolves when the server works, not when it merely listens. */
  healthy(): Promise<unknown>
  /** The pid changed. */
  changed(): void
  say(text: string): void
  readonly stop: NodeJS.Signals
  readonly force: NodeJS.Signals
}

const readyWithin = 60_000
const stopWithin = 12_000
const quick = 10_000
const mostQuickEnds = 6

export class SupervisedProcess {
  readonly #spec: ProcessSpec
  #child: ChildProcess | undefined
  #ended: Promise<string> = Promise.resolve('')
  #isStopping = false
  #running = false

  constructor(spec: ProcessSpec) {
    this.#spec = spec
  }

  get pid(): number {
    return this.#running ? (this.#child?.pid ?? 0) : 0
  }

  /** Resolves when it is healthy. `giveUp` is told, later, when it cannot be kept alive. Errors: `server/engine-failed`. */
  async start(giveUp: (error: MillraceError) => void): Promise<void> {
    await this.#once()
    void this.#keep(giveUp)
  }

  async #once(): Promise<void> {
    const { name, home, command, healthy } = this.#spec
    const { file, args, options } = command()
    const log = home.file(`log/${name}.log`)
    const out = openSync(log, 'a', 0o600)
    const child = spawn(file, [...args], { ...options, detached: true, stdio: ['ignore', out, out] })
    closeSync(out)
    this.#child = child
    this.#running = child.pid !== undefined
    let gone = ''
    this.#ended = new Promise((resolve) => {
      const end = (why: string): void => {
        gone = why
        this.#running = false
        rmSync(home.file(`run/${name}.pid`), { force: true })
        resolve(why)
      }
      child.once('error', (error) => end(error.message))
      child.once('exit', (code, signal) => end(signal ?? `code ${code}`))
    })
    if (child.pid) writeFileSync(home.file(`run/${name}.pid`), `${child.pid}\n`)
    this.#spec.changed()
    for (const limit = performance.now() + readyWithin; ; await sleep(25)) {
      if (gone || this.#isStopping || performance.now() > limit) throw this.#failed(gone || 'it was not ready after 60 s', log)
      try {
        await healthy()
        return
      } catch {} // not ready yet: asked again until the limit
    }
  }

  #failed(why: string, log: string): MillraceError {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-3)
    return new MillraceError('server/engine-failed', { engine: this.#spec.name, why, log, last: lines.join(' | ').slice(0, 600) || '(nothing)' })
  }

  async #keep(giveUp: (error: MillraceError) => void): Promise<void> {
    for (let ends = 0, since = performance.now(); ; since = performance.now()) {
      const why = await this.#ended
      if (this.#isStopping) return
      ends = performance.now() - since < quick ? ends + 1 : 0
      if (ends > mostQuickEnds) return giveUp(this.#failed(`it keeps ending: ${why}`, this.#spec.home.file(`log/${this.#spec.name}.log`)))
      this.#spec.say(`${this.#spec.name} ended (${why}): starting it again`)
      await sleep(Math.min(5000, 50 * 2 ** ends))
      if (this.#isStopping) return
      await this.#once().catch((error: unknown) => this.#spec.say(String(error)))
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#signal(this.#spec.stop)
    const late = setTimeout(() => this.force(), stopWithin)
    await this.#ended
    clearTimeout(late)
  }

  force(): void {
    this.#isStopping = true
    this.#signal(this.#spec.force)
  }

  #signal(name: NodeJS.Signals): void {
    if (!this.#running || !this.#child?.pid) return
    try {
      process.kill(this.#child.pid, name)
    } catch {} // it has just ended
  }
}
