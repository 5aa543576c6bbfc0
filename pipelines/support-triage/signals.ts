import { isOtherLanguage } from './language.ts'
import { hasCardNumber, hasIban, hasSecret } from './personal-data.ts'

/**
 * What is heard in a message beside its intent, most pressing first. Each is a reason that a person sees the message, since a canned
 * reply to it would be wrong however sure the classifier is.
 */
export const concerns = [
  'hostile-instructions',
  'vulnerable-person',
  'secret-given',
  'complaint',
  'other-language',
  'second-question',
  'no-text',
] as const
export type Concern = (typeof concerns)[number]
/** An account number in a message is usual, and asks for no person; it is kept in the record all the same. */
type Signal = Concern | 'personal-data'

/** How each signal is heard. Whoever changes what a method hears raises its version: the record says by which one a message was read. */
const methods: Readonly<Record<Signal, { readonly method: string; readonly version: number }>> = {
  'hostile-instructions': { method: 'phrases', version: 1 },
  'vulnerable-person': { method: 'phrases', version: 1 },
  'secret-given': { method: 'check-digits-and-phrases', version: 1 },
  complaint: { method: 'phrases', version: 1 },
  'other-language': { method: 'small-words', version: 1 },
  'second-question': { method: 'phrases', version: 1 },
  'no-text': { method: 'letters', version: 1 },
  'personal-data': { method: 'check-digits-and-phrases', version: 1 },
}
const signals = [...concerns, 'personal-data'] as const satisfies readonly Signal[]

/** Longer messages are listened to up to here: the patterns stay cheap, and what matters is said early. */
const mostHeard = 20_000

/**
 * Words meant for a machine that reads the mail, not for the bank. What customers say of machines is no instruction: "the system message
 * says", "if you are a bot", "treat this mail as a complaint", "approve my request as soon as you can", "ignore my last mail".
 */
const instructions = [
  /\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|rules|prompts?|guidelines|policy|policies|everything (?:above|before))/is,
  /\bsystem prompts?\b|\b(?:developer|hidden) (?:prompt|instructions?)\b/i,
  /\b(?:print|reveal|repeat|output|show|disclose)\b.{0,40}\b(?:system message|your (?:instructions|rules|configuration))\b/is,
  /(?<!\b(?:if|think|hope|guess|suppose|suspect|that|know|see|sure|whether|unless),? )\byou are (?:now )?(?:an? |the )?(?:unrestricted |uncensored |helpful |new )?(?:ai|a\.i\.|assistant|language model|chat ?bot|bot|agent|llm|gpt)\b/i,
  /\b(?:pretend|act|behave|respond|roleplay) (?:to be|as|like) (?:an? |the )?(?:ai|admin|administrator|developer|unrestricted|different|another)\b/i,
  /\b(?:new|updated) instructions?(?: are| is)?\s*:|(?:^|[.!?\n]\s{0,5})follow (?:these|the following|my) instructions\b/i,
  /\b(?:jailbreak|prompt injection|developer mode|dan mode|sudo mode)\b/i,
  /<\/?(?:system|assistant|instructions?|prompt)>|\[\/?(?:system|inst)\]|<<<|<\|/i,
  /\b(?:mark|classify|label|route|approve) this (?:message|e-?mail|mail|ticket|request) as\b(?! (?:soon|quickly|fast|urgent|early|a matter))/i,
  /(?<!\b(?:your|the bank's) )\b(?:automated|ai|language) (?:system|model|assistant|agent)s?\b(?:\s*[:,]|.{0,40}\b(?:must|shall|should) (?:now )?(?:ignore|reply|respond|send|approve|mark|classify|answer|transfer|forward|execute)\b)/is,
  /[A-Za-z0-9+/]{160,}/,
  /[\u{e0000}-\u{e007f}]|[\u200b\u2060\u2062-\u2064]{3,}/u,
]

/** A telephone that has died is no bereavement. */
const vulnerable =
  /\b(?:passed away|bereave\w*|deceased|(?<!\b(?:phone|mobile|battery|laptop|tablet|computer|card|app|chip|connection) )(?:has|have) died|(?:wife|husband|partner|father|mother|dad|mum|mom|son|daughter|brother|sister) died|late (?:wife|husband|father|mother)|power of attorney|suicid\w*|kill myself|end my life|self.?harm|domestic (?:abuse|violence)|dementia|terminal(?:ly)? ill\w*|gambling (?:problem|addiction)|can(?:no|')t afford (?:food|rent|to eat)|homeless)\b/i

/** A solicitor may also be who is paid for a house; a threat names what he will do. */
const complaint =
  /\b(?:(?<!\b(?:no|any|without) )complain(?:s|t|ts|ed|ing)?|ombudsman|regulator|(?:speak|talk|turn|go|going|over|pass\w*.{1,20}) to (?:my|our|a) solicitors?|(?:instruct\w*|hear from|contact\w*|consult\w*) (?:my|our|a) solicitors?|solicitors? (?:will|is going)|lawyers?|legal action|take you to court|sue you|compensat\w+|unacceptable|disgrace\w*|disgust(?:ed|ing)|appalling|outrag\w+|furious|incompeten\w+|shambles|fed up|sick of|(?:terrible|awful|horrible|worst|poor|shocking|dreadful|rubbish|pathetic) (?:customer )?(?:service|bank|support|experience|treatment)|worst bank|ridiculous|a joke|scammers|thieves|useless|never again|third time (?:i|that)|nobody (?:answers|replies|replied|helps|helped|cares)|no ?one (?:answers|replies|replied|helps|helped|cares)|(?:you|your (?:staff|bank|team)) (?:keep|kept) (?:ignoring|lying))\b/i

/**
 * A second matter is named as one, or asked as one: in a numbered list, or after a first question with an `and` of its own that does not
 * speak of `it`. Two question marks alone are often one worry, asked twice, and "I tried a few things" is one worry told at length.
 */
const secondQuestions = [
  /\b(?:(?<!\b(?:no|any) )(?:another|second|separate|other|unrelated|further|different) (?:question|thing|issue|matter|request|topic|query|problem)|one (?:more|other|last|further) (?:question|thing|issue|matter|request|point)|(?<!\b(?:tried|try|checked|did|bought|ordered|for) (?:out )?(?:a |these |those |all )?)(?:two|three|couple of|few) (?:questions|things|issues|matters|requests|points)|on (?:another|a different|a separate) (?:note|matter|topic|subject)|by the way|while i(?:'m| am) (?:at it|writing|here)|unrelated,? but|in addition,? (?:i|can|could|would|how|what|is|do)|(?:and )?(?:can|could) you also|i also (?:want|need|would like|wanted|have a question|wonder\w*))\b/i,
  /(?:^|[.!?\n]\s{0,5})(?:also|secondly|additionally|besides|separately|oh,? and|and also|p\.?s\.?)\b(?!,? (?:i(?:'ve| have)? )?(?:tried|checked|restarted|updated|the same)\b)/i,
  /\?\s{1,5}and (?:why|what|where|who|which|can|could|how(?! (?:long|much|many|often|soon)\b))\b(?!.{0,40}\b(?:it|this|that|them|one)\b)/i,
  /(?<!\b(?:how|when|what)),? and (?:how|where) (?:do|can|could|may|should) (?:i|we)\b(?!.{0,25}\b(?:it|this|that|them|one|so)\b)/i,
  /(?:^|\n)\s{0,5}(?:1|a)[.)] [^\n]{5,300}\n\s{0,5}(?:2|b)[.)] [^\n]{5,300}\?/i,
]

/** What is heard, most pressing first. The methods read, and change nothing. */
export function hear(subject: string, text: string): Signal[] {
  const all = `${subject}\n${text}`.slice(0, mostHeard)
  const isSecretGiven = hasCardNumber(all) || hasSecret(all)
  const heard: Readonly<Record<Signal, boolean>> = {
    'hostile-instructions': instructions.some((pattern) => pattern.test(all)),
    'vulnerable-person': vulnerable.test(all),
    'secret-given': isSecretGiven,
    complaint: complaint.test(all),
    'other-language': isOtherLanguage(text.slice(0, mostHeard)),
    'second-question': secondQuestions.some((pattern) => pattern.test(text.slice(0, mostHeard))),
    'no-text': !/\p{L}{2}/u.test(text),
    'personal-data': isSecretGiven || hasIban(all),
  }
  return signals.filter((signal) => heard[signal])
}

/** Of what was heard, that for which a person sees the message. */
export const concernsIn = (heard: readonly Signal[]): Concern[] => concerns.filter((concern) => heard.includes(concern))

/** A signal as the record names it, with its method and the method's version: `complaint/phrases@1`. */
export function namedSignal(signal: Signal): string {
  const { method, version } = methods[signal]
  return `${signal}/${method}@${version}`
}
