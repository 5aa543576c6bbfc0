import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The command line of a process, or the empty text. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {} // no /proc here, or the process is gone
  try {
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

/**
 * Ends a server that a killed supervisor left: ended, not adopted, so that every server is a child of this process, of this version and with
 * these settings. Only a process whose command line names our own directory (`needle`) is touched. The pid file goes in any case: Postgres
 * would take another program that has this pid now for itself.
 */
export async function endOrphan(pidFile: string, needle: string, stop: NodeJS.Signals): Promise<void> {
  const pid = Number.parseInt(existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '', 10)
  if (!(pid > 1)) return
  for (let waited = 0; commandOf(pid).includes(needle); waited += 50) {
    if (waited % 1000 === 0) trySignal(pid, waited < 15_000 ? stop : 'SIGKILL')
    await sleep(50)
  }
  rmSync(pidFile, { force: true })
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {} // it has just ended
}

/** Restate first, then Postgres, when this process dies in any way: `sh` waits for the end of its standard input. */
const script =
  'while read -r k v; do case $k in postgres) p=$v;; restate) r=$v;; done) exit;; esac; done; ' +
  '[ "${r:-0}" -gt 1 ] && kill -TERM "$r"; sleep 1; [ "${p:-0}" -gt 1 ] && kill -INT "$p"'

/** Tells the watchdog a pid (`restate 4711`), or that all ended well (`done`). */
export type Watchdog = (line: string) => void

export function startWatchdog(): Watchdog {
  const dog = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  dog.on('error', () => {}) // no shell: then the next start ends what is left
  dog.stdin.on('error', () => {})
  dog.unref()
  return (line) => void dog.stdin.write(`${line}\n`)
}
