import { spawn } from 'node:child_process'

/** Restate first, then Postgres, when this process dies in any way: `sh` waits for the end of its standard input. */
const script =
  'while read -r k v; do case $k in postgres) p=$v;; restate) r=$v;; done) exit;; esac; done; ' +
  '[ "${r:-0}" -gt 1 ] && kill -TERM "$r"; sleep 1; [ "${p:-0}" -gt 1 ] && kill -INT "$p"'

/** Tells the watchdog a pid (`restate 4711`; 0: it has ended), or that all ended well (`done`). */
export type Watchdog = (line: string) => void

export function startWatchdog(): Watchdog {
  const dog = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  dog.on('error', () => {}) // no shell: then the next start ends what is left
  dog.stdin.on('error', () => {})
  dog.unref()
  return (line) => void dog.stdin.write(`${line}\n`)
}
