import { expect, test } from 'vitest'
import { isContradicted, namesSubject } from './subject.ts'

test.each([
  ['card_arrival', 'My parcel has not come. Where is it?', false], // a canned reply about cards went to who waited for shoes
  ['card_arrival', 'Has my new Card been posted?', true],
  ['card_linking', 'How do I add my MasterCard to the app?', true],
  ['card_arrival', 'The cardboard box has not come', false],
  ['transfer_timing', 'How long does it take?', true], // nothing is asked of what other intents name
] as const)('%s, "%s": %s', (intent, text, isNamed) => {
  expect(namesSubject(intent, text)).toBe(isNamed)
})

test.each([
  ['card_arrival', 'My new card came this morning. How do I get it running?', true], // an answer on where cards are went to who held his
  ['card_arrival', 'Hello, I got my new card today.', true],
  ['card_delivery_estimate', 'It has arrived! How do I switch it on?', true],
  ['card_arrival', 'My card has not come. Where is it?', false],
  ['card_arrival', "It still hasn't arrived.", false],
  ['card_arrival', 'I never got my card.', false],
  ['card_arrival', 'When it has arrived, what must I do?', false],
  ['transfer_timing', 'My card came today.', false],
] as const)('%s is contradicted by "%s": %s', (intent, text, isSo) => {
  expect(isContradicted(intent, text)).toBe(isSo)
})
