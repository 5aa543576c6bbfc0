import { type Claim, exactly, inTurn, scan, type Scanned } from './claim.ts'

const months: readonly string[] =
  'january february march april may june july august september october november december'.split(' ')
const weekdays = 'monday|tuesday|wednesday|thursday|friday|saturday|sunday'
const month = String.raw`(${months.join('|')}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?`
const day = String.raw`(\d{1,2})(?:st|nd|rd|th)?`

const iso = /(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)/g
const numeric = /(?<![\d.,/])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/])/g
const dayFirst = new RegExp(String.raw`(?<![\d.,])${day}(?:\s+of)?\s+${month}(?!\p{L})(?:,?\s+(\d{4})(?!\d))?`, 'giu')
const monthFirst = new RegExp(String.raw`(?<!\p{L})${month}\s+${day}(?!\d)(?:,?\s+(\d{4})(?!\d))?`, 'giu')
/** `may` and `march` are verbs too: a month alone counts where a preposition or a year makes it one. */
const monthAlone = new RegExp(
  String.raw`(?<=(?<!\p{L})(?:in|by|until|till|since|from|of|next|last|before|after)\s)${month}(?!\p{L})(?:,?\s+(\d{4})(?!\d))?|(?<!\p{L})${month}\s+(\d{4})(?!\d)`,
  'giu',
)
const named = new RegExp(
  String.raw`(?<!\p{L})(?:${weekdays}|today|tomorrow|tonight|yesterday|(?:next|this|following|coming) (?:morning|afternoon|evening|(?:working |business )?days?|weeks?|month|year)|end of (?:the |this )?(?:day|week|month|year))(?!\p{L})`,
  'giu',
)
const clock = /(?<![\d:.,])(\d{1,2})(?:[:.](\d{2}))?\s?([ap])\.?m\b\.?|(?<![\d:.,])(\d{1,2}):(\d{2})(?::\d{2})?(?!\d)/gi

type Meaning = Pick<Claim, 'needs' | 'gives'>

/** Dates and times of day, in the usual notations. 3/4/2026 is the third of April or the fourth of March. A date without its year supports no year. */
export function datesIn(text: string): Scanned {
  return inTurn(text, [
    (rest) => scan(rest, 'date', iso, ([, y, m, d]) => dated([[y, m, d]])),
    (rest) =>
      scan(rest, 'date', numeric, ([, a, , b, y = '']) => {
        const year = y.length === 2 ? `20${y}` : y
        return dated([
          [year, b, a],
          [year, a, b],
        ])
      }),
    (rest) => scan(rest, 'date', dayFirst, ([, d, m, y]) => dated([[y, numberOf(m), d]])),
    (rest) => scan(rest, 'date', monthFirst, ([, m, d, y]) => dated([[y, numberOf(m), d]])),
    (rest) =>
      scan(rest, 'date', monthAlone, ([, m1, y1, m2, y2]) => {
        const key = `month:${numberOf(m1 ?? m2)}`
        const year = y1 ?? y2
        return year === undefined ? exactly(key) : { needs: [`${key}:${year}`], gives: [key, `${key}:${year}`] }
      }),
    (rest) => scan(rest, 'date', named, ([word]) => exactly(`day:${word.toLowerCase()}`)),
    (rest) =>
      scan(rest, 'date', clock, ([, h12, m12, half, h24, m24]) => {
        const hour = Number(h12 ?? h24) + (half?.toLowerCase() === 'p' && h12 !== '12' ? 12 : 0)
        const minute = Number(m12 ?? m24 ?? 0)
        if (hour > 24 || minute > 59 || (half !== undefined && Number(h12) > 12)) return undefined
        return exactly(`clock:${(half?.toLowerCase() === 'a' && h12 === '12' ? 0 : hour) * 60 + minute}`)
      }),
  ])
}

const numberOf = (name = ''): string =>
  String(months.findIndex((one) => one.startsWith(name.toLowerCase().slice(0, 3))) + 1)

/** Undefined: none of them is a day of the calendar. */
function dated(readings: readonly (readonly (string | undefined)[])[]): Meaning | undefined {
  const days = readings.flatMap(([y, m, d]) => {
    const [monthNumber, dayNumber] = [Number(m), Number(d)]
    const real = new Date(Date.UTC(y === undefined ? 2024 : Number(y), monthNumber - 1, dayNumber)) // 2024 has a 29th of February
    if (real.getUTCMonth() !== monthNumber - 1 || real.getUTCDate() !== dayNumber) return []
    return [{ year: y, day: `${monthNumber}-${dayNumber}`, month: `month:${monthNumber}` }]
  })
  if (days.length === 0) return undefined
  return {
    needs: days.map((one) => (one.year === undefined ? `date:${one.day}` : `date:${one.year}-${one.day}`)),
    gives: days.flatMap((one) =>
      one.year === undefined
        ? [`date:${one.day}`, one.month]
        : [`date:${one.year}-${one.day}`, `date:${one.day}`, one.month, `${one.month}:${one.year}`],
    ),
  }
}
