import type { Millis } from './clock.ts'

type Unit = 'ms' | 's' | 'm' | 'h' | 'd'

/** `'30s'`, `'2h'`, `'3d'`, or milliseconds. */
export type Duration = Millis | `${number}${Unit}`

const units: Readonly<Record<Unit, Millis>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Parses a duration; `undefined` when the text is not one, is negative or not finite. */
export function parseDuration(text: string | number): Millis | undefined {
  if (typeof text === 'number') return Number.isFinite(text) && text >= 0 ? text : undefined
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (!found) return undefined
  const ms = Number(found[1]) * units[found[2] as Unit]
  return Number.isSafeInteger(Math.round(ms)) ? Math.round(ms) : undefined
}

/** The milliseconds of a duration that the compiler has checked. */
export function toMillis(duration: Duration): Millis {
  const ms = parseDuration(duration)
  if (ms === undefined) throw new RangeError(`"${duration}" is not a duration: write 500ms, 30s, 10m, 2h or 3d.`)
  return ms
}
