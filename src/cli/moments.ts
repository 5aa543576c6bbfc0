import type { Instant, Millis } from '../core/clock.ts'

/** Times as people read them. */

const units: readonly (readonly [Millis, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
]

/** `3 min ago`, `in 2 h`, `now`. */
export function relative(at: Instant, now: Instant): string {
  const text = duration(Math.abs(now - at))
  if (Math.abs(now - at) < 1000) return 'now'
  return at > now ? `in ${text}` : `${text} ago`
}

/** In its largest unit: `12 ms`, `4 s`, `3 d`. */
export function duration(ms: Millis): string {
  const [size, unit] = units.find(([size]) => ms >= size) ?? [1, 'ms']
  return `${Math.floor(ms / size)} ${unit}`
}

/** `2026-11-24 20:13:26 UTC`: the same for everyone who reads it. */
export const moment = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
