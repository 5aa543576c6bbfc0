/** How the console says numbers: short, with a unit, the same everywhere. */

const counted = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

export const count = (value: number): string => (value < 100_000 ? counted.format(value) : compact.format(value))

/** `1 run`, `3 runs`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

export function percent(share: number, digits = share > 0 && share < 0.1 ? 1 : 0): string {
  return `${(share * 100).toFixed(digits)} %`
}

const units: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
]

/** `430 ms`, `4.2 s`, `3 min 20 s`, `2 d 4 h`: two units at most. */
export function duration(millis: number): string {
  const ms = Math.max(0, millis)
  if (ms < 1000) return ms < 10 && !Number.isInteger(ms) ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  const at = units.findIndex(([size]) => ms >= size)
  const [size, unit] = units[at] ?? [1000, 's']
  const whole = Math.floor(ms / size)
  const [nextSize, nextUnit] = units[at + 1] ?? [0, '']
  const rest = nextSize === 0 ? 0 : Math.floor((ms - whole * size) / nextSize)
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${nextUnit}`
}

/** How long work took that may be too short for whole milliseconds. */
export const took = (ms: number): string => (ms < 1 ? '< 1 ms' : duration(ms))

/** `now`, `4 min ago`, `in 2 h`: one unit. */
export function relative(at: number, now: number): string {
  const ago = now - at
  const size = Math.abs(ago)
  if (size < 5000) return 'now'
  const [unit, name] = units.find(([one]) => size >= one) ?? [1000, 's']
  const amount = `${Math.floor(size / unit)} ${name}`
  return ago > 0 ? `${amount} ago` : `in ${amount}`
}

/** Billionths of a currency as money: `$0.0042`, `€12.30`. Small sums keep two digits that count. */
export function money(nano: string | number | bigint, currency: string): string {
  const value = Number(nano) / 1e9
  const size = Math.abs(value)
  const digits = size === 0 || size >= 0.995 ? 2 : Math.min(8, Math.max(2, 1 - Math.floor(Math.log10(size))))
  try {
    return new Intl.NumberFormat('en', {
      style: 'currency',
      currency: currency || 'USD',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value)
  } catch {
    return `${value.toFixed(digits)} ${currency}`
  }
}

/** The end of an id tells two apart; the beginning is a time. */
export const shortId = (id: string): string =>
  id.length > 16 ? `${id.slice(0, id.indexOf('_') + 1)}…${id.slice(-6)}` : id
