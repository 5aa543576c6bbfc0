/** Short words that carry a language. A word stands under one language only, so that none is counted twice. */
const smallWords = {
  english:
    'the and you your is are was were be been have has had do does did not my me i it this that with for from of to on at by an if when why how what where which who can could would should will please there they we our about but or as just still after before get got want need help hi hello thanks',
  german:
    'der die das und ist nicht ich mein meine meinen sie wir ein eine einen auf mit für von zu im den dem wie warum wann kann wurde habe hat bitte noch sehr geehrte damen herren auch bei aus',
  french:
    'le les des et est pas je mon ma mes vous nous une du dans pour avec sur que qui pourquoi comment quand bonjour merci été ai votre carte au ce cette',
  spanish:
    'el los las y no es mi mis usted una por para con en qué cómo cuándo hola gracias pero ha he su tarjeta cuenta muy está',
  italian:
    'il lo gli e è non mio mia che della di per sono ho perché come quando buongiorno grazie ma alla nel una conto',
  dutch:
    'de het een en niet ik mijn u wij van op met voor waarom hoe wanneer kan hebben heb is er graag bedankt naar maar ook',
  polish: 'nie jest się na do w z moja moje mój dlaczego jak kiedy proszę dzień dobry dziękuję czy mam ale od za że',
  portuguese:
    'o os as não é meu minha um uma com em por como quando porque olá obrigado obrigada mas foi está cartão conta você',
} as const

const english = new Set<string>(smallWords.english.split(' '))
const others = Object.entries(smallWords)
  .filter(([language]) => language !== 'english')
  .map(([, words]) => new Set(words.split(' ').filter((word) => !english.has(word))))

/**
 * Whether a text is most likely not English, which is all that the encoder has learnt: other letters than Latin, or more of another
 * language's small words than of English ones. A message of a word or two is taken for English.
 */
export function isOtherLanguage(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0
  if (letters >= 4 && latin < letters * 0.7) return true
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
  const count = (language: ReadonlySet<string>): number => words.filter((word) => language.has(word)).length
  const foreign = Math.max(...others.map(count))
  const own = count(english)
  return foreign >= 2 && foreign > own
}
