/** Short words that carry a language. Words that two languages share stand under both: the languages are counted apart. */
const smallWords = {
  english:
    'a the and you your is are was were be been have has had do does did not my me i it this that with for from of to on at by an if when why how what where which who can could would should will please there they we our us about but or as just still after before get got want need help hi hello thanks thank dear card money account no so any more than then now am in im dont cant ive id its im whats regards kind best sir madam yours good morning afternoon evening',
  german:
    'der die das und ist nicht ich mein meine meinen meiner sie wir ein eine einen auf mit für von zu im in den dem wie warum wann kann können wurde habe hat bitte noch sehr geehrte guten tag hallo damen herren auch bei aus nach keine seit wo was karte konto danke grüße gruß es ihre mir mich',
  french:
    'le la les des et est pas je mon ma mes vous nous une un du de dans pour avec sur que qui pourquoi comment quand bonjour merci été ai votre carte au ce cette ne plus puis peux pouvez en il compte sans depuis',
  spanish:
    'el la los las y no es mi mis un una de que se me por para con en qué cómo cuándo hola buenas buenos días tardes gracias pero ha he su tarjeta cuenta muy está puedo dinero del al lo',
  italian:
    'il lo la gli le e è non mio mia che della del di per sono ho perché come quando buongiorno salve grazie ma alla nel una un conto carta posso si con mi oggi soldi ancora',
  dutch:
    'de het een en niet ik mijn u wij van op met voor waarom hoe wanneer kan hebben heb is er graag bedankt naar maar ook goedemiddag goedemorgen dag deze wat te nog geld rekening kaart',
  polish:
    'nie jest się na do w z i moja moje mój dlaczego jak kiedy proszę dzień dobry witam dziękuję czy mam ale od za że co to mogę jestem karta konto po',
  portuguese:
    'o a os as e não é meu minha um uma com em no na para por de que quando como porque olá bom boa dia tarde noite obrigado obrigada mas foi está cartão conta você se ao eu posso dinheiro possível',
  swedish:
    'jag är inte och det att på för med har min mitt mina hur när varför kan kommer hej tack kort kortet pengar konto var från till om ni lång innan',
  danish:
    'jeg er ikke og det at på med har mit mine hvordan hvornår hvorfor kan kommer hej tak kort kortet penge konto hvor fra til hvis',
  romanian:
    'nu este și si la cu pentru cum când cand unde pot am meu mea mele cardul bani bună buna ziua vă va multumesc mulțumesc cont contul de să sa',
  czech:
    'není je na se to že jak kdy proč proc kde můžu mohu moje můj mi dobrý den ahoj děkuji karta kartu peníze penize účet prosím nevydal',
  turkish:
    'bir ve bu için ile nasıl ne zaman neden kartım kart para hesap hesabım merhaba teşekkürler değil gelmedi benim hala',
  hungarian: 'nem az egy és van hogy hogyan mikor miért hol kártya kártyám pénz számla köszönöm jó napot kérem még',
  finnish: 'ei ja on se että miten milloin miksi missä korttini kortti raha tili kiitos hei minun uusi voinko saapuu',
} as const

const english = new Set<string>(smallWords.english.split(' '))
const others = Object.entries(smallWords)
  .filter(([language]) => language !== 'english')
  .map(([, words]) => new Set(words.split(' ').filter((word) => !english.has(word))))

/** Letters that English words do not have; names and loan words in English text do, so they count only where English is missing. */
const foreignLetters = /[äöüßàâçéèêëîïôùûñáíóúìòãõąćęłńśźżěřůčšžďťňőűåæøğşıșțăđ]/

/** A sentence of so many words is long enough to show its language; a greeting (`Hej Northbank`) is not. */
const leastWords = 5
/** How much more of another language a sentence of an otherwise English message holds, before it counts. */
const timesMore = 2

/** Whether any sentence is not English: who changes the language in the middle says there what matters. */
export const hasOtherLanguage = (text: string): boolean =>
  isOtherLanguage(text) || text.split(/[.!?\n]+/).some(isOtherSentence)

function isOtherSentence(sentence: string): boolean {
  const words = wordsOf(sentence)
  if (words.length < leastWords) return false
  const foreign = Math.max(...others.map((language) => countIn(words, language)))
  return foreign >= 3 && foreign > timesMore * countIn(words, english)
}

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .match(/\p{L}+/gu) ?? []
const countIn = (words: readonly string[], language: ReadonlySet<string>): number =>
  words.filter((word) => language.has(word)).length

/**
 * Whether a text is most likely not English, which is all that the encoder has learnt: other letters than Latin, more of another
 * language's small words than of English ones, or hardly an English word and a sign of another language. A message of a word or two is
 * taken for English.
 */
export function isOtherLanguage(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0
  if (letters >= 4 && latin < letters * 0.7) return true
  const words = wordsOf(text)
  const foreign = Math.max(...others.map((language) => countIn(words, language)))
  const own = countIn(words, english)
  if (foreign >= 2 && foreign > own) return true
  const isWithoutEnglish = words.length >= 4 && own < words.length * 0.12
  return isWithoutEnglish && (foreign >= 1 || words.filter((word) => foreignLetters.test(word)).length >= 2)
}
