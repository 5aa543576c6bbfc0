/** An amount, or a price per million tokens: whole billionths of a currency's unit. Never a float: sums of those drift. */
export type Nano = bigint

const perUnit = 1_000_000_000n
const decimal = /^(\d{1,9})(?:\.(\d{1,30}))?$/

/**
 * The nano-units of a decimal number, exactly; what is smaller than a nano-unit is rounded up. Undefined for anything but a plain number of
 * zero or more, below a billion.
 */
export function nanoOf(amount: string | number): Nano | undefined {
  const [, units, fraction = ''] = decimal.exec(typeof amount === 'number' ? plain(amount) : amount) ?? []
  if (units === undefined) return undefined
  const rest = /[1-9]/.test(fraction.slice(9)) ? 1n : 0n
  return BigInt(units) * perUnit + BigInt(fraction.slice(0, 9).padEnd(9, '0')) + rest
}

/** 1e-7 is written as such by JavaScript below a millionth. */
const plain = (amount: number): string =>
  Number.isFinite(amount) && amount >= 0 && amount < 1e-6
    ? amount.toFixed(20).replace(/0+$/, '').replace(/\.$/, '')
    : String(amount)

/** As people read it: `0.0031 USD`, every digit that counts and at least two. */
export function showMoney(amount: Nano, currency: string): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(10, '0')
  const fraction = digits.slice(-9).replace(/0+$/, '').padEnd(2, '0')
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -9)}.${fraction} ${currency}`
}

/** `part` of `per` at `price`, rounded up to the next nano-unit: the provider's own rounding is never the lower one. */
export const roundedUp = (part: bigint, price: Nano, per: bigint): Nano => (part * price + per - 1n) / per
