/**
 * Words by which a difference is told, for the counts alone: two texts differ by any word, whether it stands here or not. So a negation in
 * a language that is missing here is a `word`, and no hit.
 */
const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))

export const negations: ReadonlySet<string> = words(
  'not no never none nobody nothing nowhere neither nor without except excluding unless but only hardly rarely ' +
    'nicht kein keine keinen keinem keiner nie niemals ohne außer nur ne pas jamais sans sauf aucun aucune rien nunca sin jamás ningún ninguna salvo ' +
    'nada non mai senza tranne nessun nessuna niet geen nooit zonder behalve não sem nem exceto nie bez nigdy ikke aldrig uten inte utan ei ilman ' +
    'не нет без никогда кроме değil yok hariç',
)

export const comparisons: ReadonlySet<string> = words(
  'before after until since than more less fewer most least min max minimum maximum above below over under within beyond between first last earlier ' +
    'later sooner higher lower larger smaller bigger cheaper older newer longer shorter increase decrease up down on off in out to from into onto with ' +
    'all any some each every both either half double twice once always sometimes often and or if open close opened closed enable disable start stop ' +
    'add remove buy sell accept reject approve decline allow deny send receive import export lock unlock pay refund cancel keep return ' +
    'vor nach mehr weniger mindestens höchstens ab bis über unter avant après plus moins antes después más menos prima dopo più meno',
)

export const questionWords: ReadonlySet<string> = words('what how when where who whom whose why which')

export const months: ReadonlySet<string> = words(
  'january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec ' +
    'monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun today tomorrow yesterday noon midnight am pm',
)

export const countWords: ReadonlySet<string> = words(
  'zero one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million ' +
    'second third fourth fifth percent eur usd gbp euro euros dollar dollars cents kg g km m cm mm mb gb tb ms s min h hour hours day days week weeks ' +
    'month months year years minute minutes',
)

/** What a question that is answered by yes or no begins with. */
export const auxiliaries: ReadonlySet<string> = words(
  'is are was were am does did can could would should may might must shall will has',
)
