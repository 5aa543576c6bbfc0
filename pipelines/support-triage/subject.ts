import type { Intent } from './intents.ts'

/** What these are about is a card; of 1,492 training messages 98% name it. Whoever waits for a parcel asks in the same words, and names none. */
const aboutCards: ReadonlySet<Intent> = new Set([
  'activate_my_card',
  'card_about_to_expire',
  'card_acceptance',
  'card_arrival',
  'card_linking',
  'card_not_working',
  'disposable_card_limits',
  'get_disposable_virtual_card',
  'getting_spare_card',
  'getting_virtual_card',
  'order_physical_card',
  'virtual_card_not_working',
  'visa_or_mastercard',
])
const card = /\bcards?\b|\bvisa\b|\bmaster ?card\b|\bplastic\b/i

/** Whether the message names what its intent is about; a person sees one that does not, however sure the classifier is. */
export const namesSubject = (intent: Intent, text: string): boolean => !aboutCards.has(intent) || card.test(text)

/** Where is my card? Nobody asks who says in the same message that it is there: then it is about the card that came. */
const awaitsCard: ReadonlySet<Intent> = new Set(['card_arrival', 'card_delivery_estimate'])
const cardCame =
  /\b(?:card|it|one) (?:has |have |had |is )?(?:just |finally |now |already )*(?:arrived|came|here)\b|\bhas (?:just |finally |now )*(?:come|arrived|turned up)\b(?! yet)|\b(?:got|received) (?:my|the|a) (?:new |physical )*card\b/i
const neverCame = /\b(?:never|not|n['’]?t|nor|before|until|when|if|once)\b[^.!?\n]{0,60}$|n['’]t\b[^.!?\n]{0,60}$/i

/** Whether the message says the opposite of what its intent takes for granted. */
export function isContradicted(intent: Intent, text: string): boolean {
  const found = awaitsCard.has(intent) ? cardCame.exec(text) : null
  return found !== null && !neverCame.test(text.slice(0, found.index))
}
