import { hasOtherLanguage } from './language.ts'
import { hasCardNumber, hasIban, hasSecret } from './personal-data.ts'
import type { Care } from './care.ts'
import { authority } from './phrases/authority.ts'
import { complaint } from './phrases/complaint.ts'
import { instructions } from './phrases/instructions.ts'
import { secondQuestions } from './phrases/second-question.ts'
import { security } from './phrases/security.ts'
import { vulnerable } from './phrases/vulnerable.ts'

/**
 * What is heard in a message beside its intent, most pressing first. Each is a reason that a person sees the message, since a canned
 * reply to it would be wrong however sure the classifier is.
 */
export const concerns = [
  'hostile-instructions',
  'vulnerable-person',
  'secret-given',
  'security-matter',
  'authority',
  'complaint',
  'other-language',
  'second-question',
  'other-matter',
  'no-text',
] as const
export type Concern = (typeof concerns)[number]
/** An account number in a message is usual, and asks for no person; it is kept in the record all the same. */
export type Signal = Exclude<Concern, 'other-matter'> | 'personal-data'

/** How each signal is heard. Whoever changes what a method hears raises its version: the record says by which one a message was read. */
const methods: Readonly<Record<Signal, { readonly method: string; readonly version: number }>> = {
  'hostile-instructions': { method: 'phrases', version: 2 },
  'vulnerable-person': { method: 'phrases', version: 2 },
  'secret-given': { method: 'check-digits-and-phrases', version: 2 },
  'security-matter': { method: 'phrases', version: 1 },
  authority: { method: 'phrases', version: 1 },
  complaint: { method: 'phrases', version: 2 },
  'other-language': { method: 'small-words', version: 2 },
  'second-question': { method: 'phrases', version: 2 },
  'no-text': { method: 'letters', version: 1 },
  'personal-data': { method: 'check-digits-and-phrases', version: 2 },
}
const signals: readonly Signal[] = [...concerns.filter((concern) => concern !== 'other-matter'), 'personal-data']
/** Of how a message is cut for the second classifier and how its answers are taken (`careOf`). */
const careVersion = 2

/** Longer messages are listened to up to here: the patterns stay cheap, and what matters is said early. */
const mostHeard = 20_000

/** What is heard, most pressing first. The methods read, and change nothing. */
export function hear(subject: string, text: string): Signal[] {
  const all = `${subject}\n${text}`.slice(0, mostHeard)
  const isSecretGiven = hasCardNumber(all) || hasSecret(all)
  const heard: Readonly<Record<Signal, boolean>> = {
    'hostile-instructions': instructions.some((pattern) => pattern.test(all)),
    'vulnerable-person': vulnerable.some((pattern) => pattern.test(all)),
    'secret-given': isSecretGiven,
    'security-matter': security.some((pattern) => pattern.test(all)),
    authority: authority.some((pattern) => pattern.test(all)),
    complaint: complaint.some((pattern) => pattern.test(all)),
    'other-language': hasOtherLanguage(text.slice(0, mostHeard)),
    'second-question': secondQuestions.some((pattern) => pattern.test(text.slice(0, mostHeard))),
    'no-text': !/\p{L}{2}/u.test(text),
    'personal-data': isSecretGiven || hasIban(all),
  }
  return signals.filter((signal) => heard[signal])
}

/** Of what was heard, that for which a person sees the message. */
export const concernsIn = (heard: readonly Signal[]): Concern[] =>
  concerns.filter((concern) => concern !== 'other-matter' && heard.includes(concern))

/** What the second classifier calls it. */
const concernOf: Readonly<Record<Care, Concern>> = {
  security: 'security-matter',
  complaint: 'complaint',
  vulnerable: 'vulnerable-person',
  authority: 'authority',
  hostile: 'hostile-instructions',
  other: 'other-matter',
  two: 'second-question',
}

/** What the second classifier heard, as a concern, and as the record names it: `complaint/support-care@2`. The model's digest stands at its step. */
export const concernByCare = (heard: Care): { readonly concern: Concern; readonly named: string } => ({
  concern: concernOf[heard],
  named: `${concernOf[heard]}/support-care@${careVersion}`,
})

/** A signal as the record names it, with its method and the method's version: `complaint/phrases@1`. */
export function namedSignal(signal: Signal): string {
  const { method, version } = methods[signal]
  return `${signal}/${method}@${version}`
}
