import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Difference, sameFacts } from './same-facts.ts'

test('another wording of the same question has the same facts', () => {
  const same: readonly (readonly [string, string])[] = [
    ['How do I reset my password?', 'how to reset the password'],
    ['How do I reset my password?', 'Hi, could you please tell me how to reset my password? Thanks!'],
    ['How do I reset my password?', 'What is the best way to reset a password?'],
    ["What's the refund policy?", 'What is the refund policy'],
    ['Can I cancel my order?', 'Can I please cancel the order'],
    ["I'd like to cancel my order 12.", 'Hello, I want to cancel the order 12'],
    ["Why can't I log in?", 'why can not I log in'],
    ['Is the fee €10?', 'is the fee €10'],
    ['Where is my card?', 'where is the card'],
    ['Cancel my order.', 'please cancel the order'],
    ['Wie lange dauert der Versand?', 'wie lange dauert der Versand?'],
  ]
  for (const [a, b] of same) expect([a, b, sameFacts(a, b)]).toEqual([a, b, true])
})

test('what lies close to an encoder and means something else is told apart, by name', () => {
  const different: readonly (readonly [string, string, Difference])[] = [
    ['Cancel my order', 'Do not cancel my order', 'negation'],
    ["Don't stop, ship it", "Don't, stop, ship it", 'negation'],
    ['No, refund me', 'No refund me', 'negation'],
    ['Is the item refundable?', 'Is the item non-refundable?', 'negation'],
    ['Can I cancel my order?', 'Cancel my order', 'word'],
    ['Your order is shipped', 'Your order is shipped?', 'question'],
    ['flights from Paris to Rome', 'flights from Rome to Paris', 'order'],
    ['what is the capital of france', 'what is the capital of spain', 'word'],
    ['What is the capital of France?', 'What is the capital of Spain?', 'name'],
    ['Do I need a visa for the US?', 'do I need a visa for us?', 'name'],
    ['refund 100 EUR', 'refund 1000 EUR', 'number'],
    ['refund 1,000 EUR', 'refund 1.000 EUR', 'number'],
    ['refund -5 EUR', 'refund 5 EUR', 'number'],
    ['refund 10 EUR', 'refund 10 USD', 'number'],
    ['add 2 kg', 'add 2 g', 'number'],
    ['two tickets', 'three tickets', 'number'],
    ['arrive before May 3', 'arrive after May 3', 'comparison'],
    ['deliver by 2026-05-03', 'deliver by 2026-03-05', 'number'],
    ['deliver on Monday', 'deliver on Tuesday', 'date'],
    ['meet at 10:30', 'meet at 10:03', 'number'],
    ['write to a@example.com', 'write to b@example.com', 'link'],
    ['open https://example.com/a', 'open https://example.com/b', 'link'],
    ['approve the request', 'reject the request', 'comparison'],
    ['turn on alerts', 'turn off alerts', 'comparison'],
    ['when does it ship?', 'where does it ship?', 'question'],
    ['how do I say please in French', 'how do I say kindly in French', 'word'],
    ['translate thank you', 'translate thx', 'word'],
    ['hello world, how?', 'hi world, how?', 'word'],
    ['What is time?', 'What is the time?', 'word'],
    ['What is my limit?', 'What is a limit?', 'word'],
    ['Is my store open?', 'Is a store open?', 'word'],
    ['few people', 'a few people', 'word'],
    ['which foods have vitamin A?', 'which foods have vitamin?', 'name'],
    ['storniere meine Bestellung', 'storniere meine Bestellung nicht', 'negation'],
    ['je veux annuler', 'je ne veux pas annuler', 'negation'],
    ['注文をキャンセルして', '注文をキャンセルしないで', 'word'],
    ['how do I not lose my data?', 'how do I lose my data?', 'negation'],
    ['can\u00AD cel my order', 'can cel my order', 'unreadable'],
    ['cancel\u200B my order', 'cancel my order', 'unreadable'],
    ['', '', 'unreadable'],
    ['x'.repeat(501), 'x'.repeat(501), 'unreadable'],
  ]
  for (const [a, b, why] of different) {
    const told = sameFacts(a, b)
    expect([a, b, told === true]).toEqual([a, b, false])
    if (why !== 'word') expect([a, b, told]).toEqual([a, b, why])
    expect(sameFacts(b, a)).toBe(told)
  }
})

const pick = (...of: string[]): fc.Arbitrary<string> => fc.constantFrom(...of)
const number = fc.oneof(
  fc.integer({ min: 0, max: 1e6 }).map(String),
  pick('1,000', '1.000', '0.5', '10:30', '3rd', '12%', 'two'),
)
/** The parts of a question, each of them a fact. */
const facts = {
  verb: pick('cancel', 'keep', 'approve', 'reject', 'ship', 'return'),
  negation: pick('', 'not', 'never', 'without', 'except', 'nicht', 'jamais', 'nunca', 'не'),
  amount: number,
  unit: pick('EUR', 'USD', 'kg', 'g', 'items', 'days'),
  relation: pick('before', 'after', 'until', 'since', 'over', 'under'),
  date: pick('2026-05-03', '2026-03-05', 'May 3', 'June 3', 'Monday', 'yesterday'),
  name: pick('Anna', 'Hannah', 'Acme', 'ACME', 'O2', 'iPhone', 'order-77', 'order-78'),
  link: pick('https://example.com/a', 'https://example.com/b', 'a@example.com', 'b@example.com'),
}
type Parts = { readonly [K in keyof typeof facts]: string }
const parts: fc.Arbitrary<Parts> = fc.record(facts)
const written = (p: Parts): string =>
  `please do ${p.negation} ${p.verb} the ${p.amount} ${p.unit} ${p.relation} ${p.date} for ${p.name} at ${p.link}`.replaceAll(
    / +/g,
    ' ',
  )

test('whichever fact is flipped, alone, the questions are told apart', () => {
  const flipped = fc.constantFrom(...(Object.keys(facts) as (keyof Parts)[])) // of an object written here
  fc.assert(
    fc.property(parts, parts, flipped, (one, other, fact) => {
      fc.pre(one[fact] !== other[fact])
      expect(sameFacts(written(one), written({ ...one, [fact]: other[fact] }))).not.toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('courtesy around a question changes nothing, and a word within it always does, wherever it stands', () => {
  const courtesy = fc.record({
    before: pick('', 'Hi, ', 'Hello there '),
    after: pick('', '.', '!', '. Thanks!', ', thank you'),
  })
  fc.assert(
    fc.property(parts, courtesy, (p, { before, after }) => {
      expect(sameFacts(written(p), before + written(p) + after)).toBe(true)
    }),
  )
  const word = fc
    .stringMatching(/^[a-zà-ÿа-я]{2,12}$/)
    .filter((text) => !['the', 'an', 'my', 'please', 'kindly'].includes(text))
  fc.assert(
    fc.property(parts, word, fc.nat(), (p, added, place) => {
      const words = written(p).split(' ')
      words.splice(1 + (place % (words.length - 1)), 0, added)
      expect(sameFacts(written(p), words.join(' '))).not.toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('whatever text comes, the judgement ends, and is the same from both sides', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      (a, b) => {
        expect(sameFacts(a, b)).toBe(sameFacts(b, a))
      },
    ),
    { numRuns: 1000 },
  )
})
