import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { takeCitations } from './citations.ts'
import { groundedness } from './groundedness.ts'

const source =
  'A transfer within the country takes minutes, at most two hours; in euros to another European country up to one working day. ' +
  'What is sent after 16:00 counts for the next working day. Cash top-ups are possible up to £300 at a time and £1,000 a month; a fee of 1.5% is shown beforehand. ' +
  'A chargeback must be started within 120 days. The offer ends on 31 December 2026. We refund what was taken twice. Express delivery costs EUR 1.234,50 a year. ' +
  'Write to help@northbank.example, see https://northbank.example/Limits or call +44 20 7946 0958. Ask for Maria Lopez. Your account is NB-4711. The first card is free.'
const message =
  'Hello, I am Tom Baker. On 3 March 2026 I paid £42.10 at Blue Fern Ltd, and you promised a refund, see http://evil.example/x.'
const check = (draft: string, sources: readonly string[] = [source]): readonly (readonly [string, string])[] =>
  groundedness(draft, { sources, message, known: ['Northbank'] }).map(({ kind, text }) => [kind, text] as const)

describe('an honest draft passes', () => {
  test.each([
    ['the source itself', source],
    [
      'money in other notations',
      'Up to 300 GBP at a time, GBP 300.00, 300 pounds, £1000 a month, €1,234.50 or 1 234,50 EUR a year.',
    ],
    [
      'numbers in figures and words',
      'At most 2 hours, up to 1 working day, one hundred and twenty is not said; 120 days.',
    ],
    ['durations of the same length', 'At most 120 minutes.'],
    ['percentages', 'A fee of 1.5 percent, or 1,5 %.'],
    [
      'dates in other notations',
      'It ends on 2026-12-31, 31.12.2026, December 31st, 2026, the 31st of December, 31/12/26 or 12/31/2026, so in December 2026.',
    ],
    ['times in other notations', 'Before 4 pm, 4:00 p.m. or 16:00.'],
    ['addresses', 'See https://northbank.example/Limits. Or call (+44) 20 7946-0958 or help@Northbank.example.'],
    ['what the customer wrote', 'Hello Tom,\n\nyou paid £42.10 at Blue Fern on March 3rd.'],
    ['names', 'Please ask for Maria Lopez at Northbank. Lopez will know.'],
    ['a promise that we make', 'We refund what was taken twice; it will be there within two hours.'],
    ['what is free', 'The first card is free.'],
    ['a list', 'Please:\n1. Open the app.\n2. Tap the card.'],
    [
      'courtesies',
      'Dear customer,\n\nThank you for your message. I hope this helps. If not, please write again.\n\nKind regards',
    ],
    ['headings at a line’s beginning', 'Limits: see the app.\nCash is possible.'],
  ])('%s', (_about, draft) => expect(check(draft)).toEqual([]))
})

describe('each kind of invention is caught, and shown', () => {
  test.each<[string, string, string]>([
    ['The fee is £5.', 'amount', '£5'],
    ['You can add $300 at a time.', 'amount', '$300'],
    ['You can add €300.', 'amount', '€300'],
    ['It takes three hours.', 'amount', 'three hours'],
    ['It takes two days.', 'amount', 'two days'],
    ['It takes 120 working days.', 'amount', '120 working days'],
    ['It takes 2-5 hours.', 'amount', '2-5 hours'],
    ['Send it by 5 p.m. at the latest.', 'date', '5 p.m'],
    ['It is there within an hour.', 'amount', 'within an hour'],
    ['You have 3 free withdrawals.', 'amount', '3'],
    ['A fee of 2.5% applies.', 'amount', '2.5%'],
    ['It costs 300 thousand pounds.', 'amount', '300 thousand pounds'],
    ['Your reference is NB-4712.', 'amount', 'NB-4712'],
    ['It ends on 30 December 2026.', 'date', '30 December 2026'],
    ['It ends on 31 December 2027.', 'date', '31 December 2027'],
    ['You paid on 3 March 2025.', 'date', '3 March 2025'],
    ['It arrives on Monday.', 'date', 'Monday'],
    ['It arrives tomorrow.', 'date', 'tomorrow'],
    ['Send it before 5 pm.', 'date', '5 pm'],
    ['It is done in June.', 'date', 'June'],
    ['Please ask for Maria Gomez.', 'name', 'Gomez'],
    ['Peter will call.', 'name', 'Peter'],
    ['You can pay with a Mastercard.', 'name', 'Mastercard'],
    ['See https://northbank.example/limits.', 'link', 'https://northbank.example/limits'],
    ['See northbank.example.evil.example.', 'link', 'northbank.example.evil.example'],
    ['Write to help@northbank.example.org.', 'link', 'help@northbank.example.org'],
    ['Call +44 20 7946 0959.', 'link', '+44 20 7946 0959'],
    ['We will refund the fee.', 'promise', 'We will refund'],
    ['We refund the fee.', 'promise', 'We refund'],
    ["We'll gladly waive it.", 'promise', "We'll gladly waive"],
    ['A colleague will call you.', 'promise', 'A colleague will call'],
    ['I have blocked your card.', 'promise', 'I have blocked'],
    ['You will receive the money.', 'promise', 'You will receive'],
    ['The payment will be reversed.', 'promise', 'will be reversed'],
    ['Your card has now been replaced.', 'promise', 'has now been replaced'],
    ['We guarantee it.', 'promise', 'guarantee'],
    ["We're refunding it today.", 'promise', "We're refunding"],
    ['You are entitled to it.', 'promise', 'entitled'],
    ['I can confirm that.', 'promise', 'I can confirm'],
    ['It is there within half an hour.', 'amount', 'within half an hour'],
    ['It is there by the end of the week.', 'date', 'end of the week'],
    ['It costs £\uff13.', 'amount', '\uff13'],
    ['It costs £3\u200b00.', 'amount', '\u200b'],
    ['See p\u0430ypal.example.', 'link', 'p\u0430ypal.example'],
  ])('%s', (draft, kind, text) => expect(check(draft)).toContainEqual([kind, text]))

  test('what is said to cost nothing, where no source says so', () => {
    expect(check('There is no charge for that.', ['Ask us.'])).toEqual([['promise', 'no charge']])
  })

  test('what a source says that we do, a draft may say that we will', () => {
    const source =
      'A colleague decides with you. A fee of one and a half percent applies, and it takes two and a half hours.'
    expect(
      check('A colleague will then decide with you. The fee is 1.5%, and it takes 150 minutes.', [source]),
    ).toEqual([])
    expect(check('A colleague will then refund you. It takes 2.5 days.', [source])).toEqual([
      ['promise', 'A colleague will then refund'],
      ['amount', '2.5 days'],
    ])
  })

  test('what a source denies is no ground for its opposite', () => {
    const denial = 'Express delivery is not free, and we cannot promise its result. It will not be refunded.'
    expect(check(denial, [denial])).toEqual([])
    expect(check('Express delivery is free. We promise its result. It will be refunded.', [denial])).toEqual([
      ['promise', 'free'],
      ['promise', 'promise'],
      ['promise', 'will be refunded'],
    ])
  })

  test('where it stands is told', () => {
    const draft = 'Hello Tom,\n\nthe fee is £5, and £300 is the limit.'
    const [only, ...more] = groundedness(draft, { sources: [source], message })
    expect(more).toEqual([])
    expect(draft.slice(only?.start, only?.end)).toBe('£5')
  })

  test('a promise or a link of the message is none of ours: its writer would have it confirmed', () => {
    expect(check('As you say, we promised a refund, see http://evil.example/x.')).toEqual([
      ['promise', 'promised'],
      ['link', 'http://evil.example/x'],
    ])
  })
})

describe('property', () => {
  const amount = fc
    .tuple(
      fc.integer({ min: 1, max: 99_999 }),
      fc.constantFrom(...'€%v|£%v|EUR %v|%v EUR|%v pounds|%v %|%v days|%v hours|%v'.split('|')),
    )
    .map(([value, form]) => form.replace('%v', String(value)))
  const date = fc
    .tuple(fc.integer({ min: 1, max: 28 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 2000, max: 2099 }))
    .chain(([d, m, y]) => {
      const two = (n: number): string => String(n).padStart(2, '0')
      const name = new Date(Date.UTC(2000, m - 1)).toLocaleString('en', { month: 'long', timeZone: 'UTC' })
      return fc.constantFrom(
        `${y}-${two(m)}-${two(d)}`,
        `${two(d)}.${two(m)}.${y}`,
        `${d} ${name} ${y}`,
        `${name} ${d}, ${y}`,
      )
    })
  const link = fc
    .tuple(
      fc.integer({ min: 10, max: 9999 }),
      fc.constantFrom('https://bank.example/%v', 'www.bank%v.example', 'a%v@bank.example', '+44 20 7946 %v'),
    )
    .map(([value, form]) => form.replace('%v', String(value).padStart(4, '1')))

  test('an amount, a date or an address with one digit altered is caught; unaltered it passes', () => {
    fc.assert(
      fc.property(fc.oneof(amount, date, link), fc.nat(), fc.integer({ min: 1, max: 9 }), (claim, at, by) => {
        const say = (what: string): string => `It is ${what} that is meant.`
        expect(groundedness(say(claim), { sources: [say(claim)] })).toEqual([])
        const digits = [...claim.matchAll(/\d/g)].map(({ index }) => index)
        const place = digits[at % digits.length] ?? 0
        const altered = claim.slice(0, place) + String((Number(claim[place]) + by) % 10) + claim.slice(place + 1)
        expect(groundedness(say(altered), { sources: [say(claim)] })).not.toEqual([])
      }),
      { numRuns: 2000 },
    )
  })

  test('whatever the text, it supports itself, and spans lie within it', () => {
    const piece = fc.oneof(
      fc.string(),
      amount,
      date,
      link,
      fc.constantFrom('We will refund', ' Ana ', '. ', '\n', 'two', ' to ', 'May', '5', '%', '-'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        expect(groundedness(text, { sources: [text] })).toEqual([])
        for (const { end, start } of groundedness(text, { sources: [] }))
          expect(start < end && end <= text.length).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('a long hostile text takes no long time: no pattern runs away', () => {
    for (const part of [
      '1 ',
      '1,',
      'a-',
      '+1',
      'we will ',
      'A.',
      '[[',
      'a.',
      '1-1-',
      'twenty ',
      '(0',
      'we will',
      'also ',
      'not a ',
      'half an ',
    ]) {
      const text = part.repeat(20_000)
      groundedness(text, { sources: [], message: text })
      takeCitations(text, [])
    }
  })
})

test('citations are taken out of the text, known or not', () => {
  const draft = 'Two hours [[transfer-duration]].\nOr a day [[ a , b ]], so [[a]].'
  expect(takeCitations(draft, ['a', 'transfer-duration'])).toEqual({
    text: 'Two hours.\nOr a day, so.',
    cited: ['transfer-duration', 'a'],
    unknown: ['b'],
  })
})
