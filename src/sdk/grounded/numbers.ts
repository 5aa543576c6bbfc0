const words: readonly string[] =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const tens: readonly string[] = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const multipliers: Readonly<Record<string, number>> = { k: 1e3, thousand: 1e3, m: 1e6, million: 1e6, billion: 1e9 }

/** A number in figures, in the usual notations: 1234, 1,234.50, 1.234,50, 1 234,50, 1'234.50. */
export const figures = String.raw`\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?`
const whole = `(?:${tens.slice(2).join('|')})(?:[- ](?:${words.slice(1, 10).join('|')}))?|${words.toReversed().join('|')}|hundred`
export const inWords = `(?:${whole})(?: and a half)?`
export const multiplier: string = Object.keys(multipliers).toReversed().join('|')

/** The values that a number can mean, each in one notation. A dot before three digits groups thousands, or is a decimal one. */
export function valuesOf(text: string, times = ''): readonly string[] {
  const factor = multipliers[times.toLowerCase()] ?? 1
  const readings = /\d/.test(text) ? readingsOf(text) : [String(valueOfWords(text.toLowerCase()))]
  return readings.map((reading) => canonical(reading, factor))
}

function readingsOf(text: string): readonly string[] {
  const plain = text.replaceAll(/[ \u00a0\u202f'’]/g, '')
  const marks = plain.replaceAll(/\d/g, '')
  const last = marks.at(-1)
  if (last === undefined) return [plain]
  const grouped = plain.replaceAll(/[.,]/g, '')
  if (new Set(marks).size > 1) return [withPoint(plain, last)]
  if (marks.length > 1) return [grouped]
  if (!/^[1-9]\d{0,2}[.,]\d{3}$/.test(plain)) return [withPoint(plain, last)]
  return last === ',' ? [grouped] : [grouped, plain]
}

/** The last mark is the decimal one, the others group. */
function withPoint(plain: string, last: string): string {
  const at = plain.lastIndexOf(last)
  return `${plain.slice(0, at).replaceAll(/[.,]/g, '')}.${plain.slice(at + 1)}`
}

function canonical(reading: string, factor: number): string {
  if (factor !== 1) return String(Number(reading) * factor)
  const [units = '', fraction = ''] = reading.split('.')
  const rest = fraction.replace(/0+$/, '')
  return `${units.replace(/^0+(?=\d)/, '')}${rest === '' ? '' : `.${rest}`}`
}

function valueOfWords(text: string): number {
  const half = / and a half$/
  if (half.test(text)) return valueOfWords(text.replace(half, '')) + 0.5
  if (text === 'hundred') return 100
  const [first = '', second = ''] = text.split(/[- ]/)
  if (tens.includes(first)) return tens.indexOf(first) * 10 + Math.max(0, words.indexOf(second))
  return words.indexOf(first)
}
