import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../core/errors/millrace-error.ts'

/** A server's pid, and a part of its command line that names our own directory: only with it is a process known as ours. */
export function writePidFile(path: string, pid: number, mark: string): void {
  writeFileSync(path, `${pid}\n${mark}\n`, { mode: 0o600 })
}

export interface Orphan {
  /** As `writePidFile` writes it; or `postmaster.pid`, then with `mark`. */
  readonly pidFile: string
  readonly mark?: string
  /**
   * The directory that the server works in, which stays right where the home was moved under a running server; and a part of its command line,
   * since a person's shell may stand there too.
   */
  readonly works?: { readonly program: string; readonly directory: string }
  readonly stop: NodeJS.Signals
  readonly force: NodeJS.Signals
}

const forceAfter = 15_000
const giveUpAfter = 30_000

/**
 * Ends a server that a killed supervisor left: ended, not adopted, so that every server is a child of this process, of this version and with
 * these settings. A process that has the pid but not the mark belongs to somebody else and is left alone. The pid file goes in any case:
 * Postgres would take that other program for itself and refuse to start. Errors: `server/orphan-stays`.
 */
export async function endOrphan(orphan: Orphan): Promise<void> {
  if (!existsSync(orphan.pidFile)) return
  const [first = '', second = ''] = readFileSync(orphan.pidFile, 'utf8').split('\n')
  const [pid, mark] = [Number.parseInt(first, 10), orphan.mark ?? second]
  for (let waited = 0; isOurs(pid, mark, orphan.works); waited += 50) {
    if (waited >= giveUpAfter) throw new MillraceError('server/orphan-stays', { pid, file: orphan.pidFile })
    if (waited % 1000 === 0) trySignal(pid, waited < forceAfter ? orphan.stop : orphan.force)
    await sleep(50)
  }
  rmSync(orphan.pidFile, { force: true })
}

function isOurs(pid: number, mark: string, works: Orphan['works']): boolean {
  if (!(pid > 1)) return false
  const command = commandOf(pid)
  if (mark && command.includes(mark)) return true
  return works !== undefined && command.includes(works.program) && workingDirectory(pid) === works.directory
}

/** The command line of a process, or the empty text. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {} // no /proc here, or the process is gone
  try {
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return ''
  }
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {} // it has just ended
}
