import { both, type Claim, exactly, inTurn, scan, type Scanned } from './claim.ts'
import { figures, inWords, multiplier, valuesOf } from './numbers.ts'

/** Currencies by what stands before a number or after it. */
const currencies: Readonly<Record<string, string>> = {
  '€': 'EUR',
  euro: 'EUR',
  euros: 'EUR',
  '£': 'GBP',
  pound: 'GBP',
  pounds: 'GBP',
  $: 'USD',
  us$: 'USD',
  dollar: 'USD',
  dollars: 'USD',
  '¥': 'JPY',
  yen: 'JPY',
  franc: 'CHF',
  francs: 'CHF',
  fr: 'CHF',
  zł: 'PLN',
  zloty: 'PLN',
  cent: 'cent',
  cents: 'cent',
  penny: 'penny',
  pence: 'penny',
}
const codes = 'EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK|CAD|AUD|HUF|RON|BGN|TRY|INR|CNY'
const before = String.raw`US\$|[€£$¥]|(?:${codes})`
const after = String.raw`[€£$¥]|(?:${codes}|euros?|pounds?|dollars?|yen|francs?|zł|zloty|cents?|penny|pence)(?![\p{L}\d])`
const currencyOf = (text: string): string => currencies[text.toLowerCase()] ?? text.toUpperCase()

/** Durations in minutes or months, so that 24 hours are a day. Working days are their own. */
const units: Readonly<Record<string, { readonly name: string; readonly times: number }>> = {
  second: { name: 'second', times: 1 },
  minute: { name: 'minute', times: 1 },
  hour: { name: 'minute', times: 60 },
  day: { name: 'minute', times: 1440 },
  week: { name: 'minute', times: 10_080 },
  month: { name: 'month', times: 1 },
  year: { name: 'month', times: 12 },
}
const unit = String.raw`(?:(?:working|business|banking|calendar)[ -])?(?:seconds?|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?)(?![\p{L}\d])|%|per ?cent(?!\p{L})`

const number = `(?:${figures}|(?:${inWords})(?![\\p{L}]))`
const times = String.raw`(?:\s?(${multiplier})(?![\p{L}\d]))?`
const quantity = new RegExp(
  String.raw`(?<![\p{L}\d.,])(${before})?\s?(${number})${times}(?:\s?(?:-|–|to|or|and)\s?(?:${before})?\s?(${number})${times})?[\s-]?(${after}|${unit})?`,
  'giu',
)
/** `a day` is one; how it is meant stands before it. */
const single = new RegExp(
  String.raw`(?<![\p{L}\d])(?:(within|in|after|than|about|takes?|for|only|just)\s+)?(half\s)?(an?)\s(${unit})`,
  'giu',
)
/** Letters and digits in one word: a reference, an account, a model. */
const code = /(?<![\p{L}\d])(?=[\p{L}\d-]{0,64}\d)(?=[\p{L}\d-]{0,64}\p{L})[\p{L}\d]{1,64}(?:-[\p{L}\d]{1,64}){0,16}/gu
const measured = new RegExp(String.raw`^(?:${before})?(?:${figures})(?:${multiplier})?-?(?:${after}|${unit})?$`, 'iu')
/** Digits of other scripts, and characters that nobody sees: they would hide a number from every pattern below. */
const hidden = /(?![0-9])\p{Nd}+|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+/gu
const listMark = /(?<=^|\n)\s*\d{1,2}[.)](?=\s)/g

/** Quantities, by value and by what they count. A number in words counts only with a unit: `the two of them` is none. */
export function amountsIn(text: string): Scanned {
  return inTurn(
    text.replaceAll(listMark, (mark) => ' '.repeat(mark.length)),
    [
      (rest) => scan(rest, 'amount', hidden, ([characters]) => exactly(`hidden:${characters}`)),
      (rest) =>
        scan(rest, 'amount', code, ([word]) =>
          measured.test(word) ? undefined : exactly(`code:${word.toUpperCase()}`),
        ),
      (rest) =>
        scan(rest, 'amount', single, ([, how, half, , of = '']) =>
          singly(half === undefined ? '1' : '0.5', { of, isTerm: how !== undefined }),
        ),
      (rest) =>
        scan(rest, 'amount', quantity, ([, mark, first = '', firstTimes, second, secondTimes, counted]) => {
          const values = [valuesOf(first, firstTimes), ...(second === undefined ? [] : [valuesOf(second, secondTimes)])]
          const of = mark ?? counted
          if (of === undefined && !/\d/.test(first + (second ?? '')))
            return { needs: [], gives: values.flat().map((value) => `n:${value}`) }
          return together(values.map((one) => one.flatMap((value) => meaningOf(value, of))))
        }),
    ],
  )
}

/** A range is supported where both of its ends are, so it needs them as one; a source gives each end as well. */
function together(ends: readonly (readonly Meaning[])[]): Pick<Claim, 'needs' | 'gives'> {
  const [first = [], second] = ends
  const gives = ends.flat().flatMap(({ key, weaker }) => [key, ...weaker])
  if (!second) return { needs: first.map(({ key }) => key), gives }
  return { needs: first.flatMap((one) => second.map((other) => [one.key, other.key].join(both))), gives }
}

interface Meaning {
  readonly key: string
  readonly weaker: readonly string[]
}

function meaningOf(value: string, of: string | undefined): readonly Meaning[] {
  const bare = `n:${value}`
  if (of === undefined) return [{ key: bare, weaker: [] }]
  const word = of.toLowerCase().replace(/s$/, '')
  if (/^(?:%|per ?cent)$/.test(word)) return [{ key: `%:${value}`, weaker: [bare] }]
  if (/^(?:working|business|banking)/.test(word)) return [{ key: `t:${value}:working-day`, weaker: [bare] }]
  const measure = units[longName[word] ?? word.replace(/^calendar[ -]/, '')]
  if (measure) return [{ key: `t:${Number(value) * measure.times}:${measure.name}`, weaker: [bare] }]
  return [{ key: `m:${value}:${currencyOf(of)}`, weaker: [bare] }]
}
const longName: Readonly<Record<string, string>> = { min: 'minute', hr: 'hour', h: 'hour' }

/** In a draft it counts where it is a term; `a day` within other words only supports. */
function singly(value: string, { isTerm, of }: { of: string; isTerm: boolean }): Pick<Claim, 'needs' | 'gives'> {
  const { gives, needs } = together([meaningOf(value, of)])
  return { needs: isTerm ? needs : [], gives }
}
