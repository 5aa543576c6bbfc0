import { expect, test } from 'vitest'
import { namesSubject } from './subject.ts'

test.each([
  ['card_arrival', 'My parcel has not come. Where is it?', false], // a canned reply about cards went to who waited for shoes
  ['card_arrival', 'Has my new Card been posted?', true],
  ['card_linking', 'How do I add my MasterCard to the app?', true],
  ['card_arrival', 'The cardboard box has not come', false],
  ['transfer_timing', 'How long does it take?', true], // nothing is asked of what other intents name
] as const)('%s, "%s": %s', (intent, text, isNamed) => {
  expect(namesSubject(intent, text)).toBe(isNamed)
})
