import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readServerJson, type ServerJson } from '../src/server/embedded/home.ts'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))
const mostKept = 1_000_000

/** `millrace serve` in a process of its own, as a user starts it: what a test may kill. */
export class ServerProcess {
  readonly #home: string
  #child: ChildProcess | undefined
  #said = ''

  constructor(home: string) {
    this.#home = home
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const env = { ...process.env, DATABASE_URL: '', DATABASE_APP_URL: '', RESTATE_URL: '', RESTATE_ADMIN_URL: '' }
    const args = [main, 'serve', '--json', '--port', '0', '--data', this.#home]
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    child.stderr.on('data', (data: Buffer) => (this.#said = (this.#said + data.toString()).slice(-mostKept)))
    const lines = createInterface({ input: child.stdout })
    const [first] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as unknown[]
    if (typeof first !== 'string') throw new Error(`the server ended before it was ready: ${this.#said.slice(-4000)}`)
  }

  /** What it has written to standard error. */
  get said(): string {
    return this.#said
  }

  get pids(): ServerJson['pids'] {
    const found = readServerJson(this.#home)
    if (!found) throw new Error(`no server holds the directory: ${this.#said.slice(-4000)}`)
    return found.pids
  }

  /** SIGKILL, as a machine that fails; resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** SIGTERM: drains. Answers the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child
    if (!child || child.exitCode !== null) return child?.exitCode ?? null
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    return child.exitCode
  }
}
