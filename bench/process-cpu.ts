import { readdirSync, readFileSync } from 'node:fs'

/** Of `/proc`, on every Linux that Node runs on. */
const ticksPerSecond = 100

/**
 * Milliseconds of processor time of a process and its children, also those that have ended, since it began. NaN where there is no `/proc`:
 * a table then lacks a figure, and no benchmark a result.
 */
export function cpuOfTree(pid: number): number {
  try {
    const children = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [statOf(name)] : []))
    const counted = children.filter((stat) => stat && (stat.pid === pid || stat.parent === pid))
    return counted.reduce((sum, stat) => sum + (stat?.ticks ?? 0), 0) * (1000 / ticksPerSecond)
  } catch {
    return Number.NaN
  }
}

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly ticks: number
}

/** `man 5 proc_pid_stat`: after the name, which may hold anything, the third to the last field are numbers. */
function statOf(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const at = (field: number): number => Number(fields[field - 3])
    return { pid: Number(pid), parent: at(4), ticks: at(14) + at(15) + at(16) + at(17) }
  } catch {
    return undefined // it has ended meanwhile
  }
}
