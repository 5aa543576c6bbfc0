// Trains models/support-care anew: `node scripts/train-support-care.ts --data ../shared/data [--out models/support-care] [--seed 1]`.
// A message is put together from questions of BANKING77, the sentences of pipelines/support-triage/training/care.csv, a subject, a greeting and a
// name. It is plain if all its sentences are and it asks one thing; else it is what its one other sentence is.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { asOne } from '../pipelines/support-triage/care.ts'
import { desks } from '../pipelines/support-triage/desks.ts'
import { intents, wordsOf } from '../pipelines/support-triage/intents.ts'
import { seededRandom } from '../src/core/random.ts'
import { bundledEncoder } from '../src/models/bundled.ts'
import { writeModel } from '../src/models/directory/write-model.ts'
import { Encoder } from '../src/models/encoder.ts'
import { Chance } from '../src/models/training/chance.ts'
import { readLabelledTexts } from '../src/models/training/csv-rows.ts'
import { train } from '../src/models/training/train.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    out: { type: 'string', default: 'models/support-care' },
    seed: { type: 'string', default: '1' },
  },
})

const attribution = `Put together for this project from questions of BANKING77 (PolyAI, CC-BY-4.0), of CLINC150 (Larson et al., CC-BY-3.0, for other matters)
and sentences that were written for it. The vectors are those of mini-en, which its own card describes (Apache-2.0).`

const chance = new Chance(seededRandom(`${values.seed}/messages`))
const happens = (share: number): boolean => chance.next() < share
function pick<T>(list: readonly T[]): T {
  const one = list[chance.below(list.length)]
  if (one === undefined)
    throw new Error('A list to pick from is empty: see that the data directory and care.csv are whole.')
  return one
}

interface Question {
  readonly text: string
  readonly intent: (typeof intents.labels)[number]
}

const bank = await readLabelledTexts(join(values.data, 'banking77/train.csv'))
const questions: Question[] = bank.rows.flatMap(({ text, label }) => {
  const intent = intents.labels.find((one) => one === label)
  return intent ? [{ text: text.replaceAll(/\s+/g, ' '), intent }] : []
})
const isOrdinary = ({ intent }: Question): boolean => desks[intent].answer === 'at-once'
const ordinary = questions.filter(isOrdinary)
const short = ordinary.filter(({ text }) => text.length < 110)
const security = questions.filter(({ intent }) => desks[intent].team === 'security').map(({ text }) => text)

const written = await readLabelledTexts('pipelines/support-triage/training/care.csv')
const sentencesOf = (label: string): string[] =>
  written.rows.filter((row) => row.label === label).map((row) => row.text)
const circumstances = sentencesOf('plain')
const foreign = await readLabelledTexts('pipelines/support-triage/training/out-of-scope.csv')
const isStranger = ([, intent]: readonly [string, string]): boolean =>
  !/^(?:exchange_rate|find_phone|cancel|travel_notification|direct_deposit|greeting|goodbye|thank_you|yes|no|maybe|repeat)$/.test(
    intent,
  )
const clinc = JSON.parse(readFileSync(join(values.data, 'clinc150/data.json'), 'utf8')) as { train: [string, string][] }
const domains = JSON.parse(readFileSync(join(values.data, 'clinc150/domains.json'), 'utf8')) as Record<string, string[]>
const bankIntents = new Set([
  ...(domains['banking'] ?? []),
  ...(domains['credit_cards'] ?? []),
  ...(domains['small_talk'] ?? []),
])
const strangers = clinc.train.filter((row) => isStranger(row) && !bankIntents.has(row[1])).map(([text]) => text)

const greetings =
  'Hi|Hello|Hi there|Hello Northbank|Dear Northbank team|Dear Sir or Madam|Good morning|Good afternoon|Hey|Dear support'.split(
    '|',
  )
const farewells =
  'Thanks|Thank you|Kind regards|Best regards|Many thanks|Cheers|Regards|Best wishes|Thanks in advance|Yours sincerely'.split(
    '|',
  )
const names =
  'Anna|Tom|Lucia Moretti|J. Brown|Priya|Sven Dahl|Olu|Mrs. P. Clark|Fiona Kerr|Rafael|Mei Chen|Karim|Bo|Agnes Novak|Dr. R. Shah|Kirsty|Hans|Ewa'.split(
    '|',
  )

/** Sentences in this order, with what stands around them in a mail, as the classifier reads it. */
function mail(subject: string | undefined, ...sentences: readonly string[]): string {
  const said = sentences.map((sentence) =>
    happens(0.7) ? sentence.slice(0, 1).toUpperCase() + sentence.slice(1) : sentence,
  )
  const head = subject !== undefined && happens(0.5) ? [subject] : []
  const opening = happens(0.4) ? [pick(greetings)] : []
  const closing = happens(0.4)
    ? [pick(farewells), ...(happens(0.7) ? [pick(names)] : [])]
    : happens(0.15)
      ? [pick(names)]
      : []
  return asOne([...head, ...opening, ...said, ...closing].join('. '))
}

const anyText = (): string => pick(ordinary).text
const circumstance = (): string => pick(circumstances)
const firstWords = (text: string): string =>
  text
    .split(' ')
    .slice(0, 1 + chance.below(4))
    .join(' ')
const subjectFor = ({ text, intent }: Question): string =>
  pick([wordsOf(intent), firstWords(text), 'question', 'card', 'help', 'account'])
const rows: [string, string][] = []

for (const question of ordinary) if (happens(0.6)) rows.push([mail(subjectFor(question), question.text), 'plain'])
for (let i = 0; i < 4500; i++) {
  const question = pick(ordinary)
  const around = [circumstance(), circumstance(), circumstance()] as const
  const sentences = pick([
    [around[0], question.text],
    [question.text, around[0]],
    [around[0], question.text, around[1]],
    [around[0], around[1], question.text],
    [around[0], around[1], around[2], question.text],
  ])
  rows.push([mail(subjectFor(question), ...sentences), 'plain'])
}
for (let i = 0; i < 500; i++) rows.push([mail(undefined, circumstance(), circumstance()), 'plain'])
for (let i = 0; i < 900; i++) {
  const question = pick(short)
  const again = pick(short.filter(({ intent }) => intent === question.intent))
  rows.push([mail(subjectFor(question), question.text, again.text), 'plain'])
}

/** One sentence that matters, alone or among such as do not. */
function among(sentence: string): string {
  const subject = pick(['question', 'card', 'help', 'account', wordsOf(pick(ordinary).intent), firstWords(sentence)])
  const sentences = pick([
    [sentence],
    [sentence, anyText()],
    [anyText(), sentence],
    [circumstance(), sentence],
    [sentence, circumstance(), anyText()],
    [circumstance(), sentence, anyText()],
    [anyText(), circumstance(), sentence],
    [circumstance(), anyText(), sentence, circumstance()],
    [`${sentence}${pick([',', ' and', ' so', ' -'])} ${anyText()}`],
  ])
  return mail(subject, ...sentences)
}
for (const label of ['security', 'complaint', 'vulnerable', 'authority', 'hostile', 'other'] as const) {
  const sentences = sentencesOf(label)
  for (const sentence of sentences) rows.push([mail(undefined, sentence), label])
  for (let i = 0; i < (label === 'other' ? 900 : 1700); i++) rows.push([among(pick(sentences)), label])
}
for (const text of security) if (happens(0.6)) rows.push([mail('card', text), 'security'])
for (let i = 0; i < 500; i++) rows.push([among(pick(security)), 'security'])
for (const { text } of foreign.rows) rows.push([mail(undefined, text), 'other'])
for (let i = 0; i < 900; i++) rows.push([mail(undefined, pick(strangers)), 'other'])

const links = [
  '',
  '',
  'Also, ',
  'And ',
  'Another thing: ',
  'Besides, ',
  'By the way, ',
  'One more thing, ',
  'Secondly, ',
  'Oh and ',
]
for (let i = 0; i < 2600; i++) {
  const [one, two] = [pick(short), pick(short)]
  if (one.intent === two.intent || (desks[one.intent].team === desks[two.intent].team && happens(0.5))) continue
  const link = pick(links)
  const second = link === '' ? two.text : link + two.text.slice(0, 1).toLowerCase() + two.text.slice(1)
  const sentences = pick([
    [one.text, second],
    [one.text, second],
    [circumstance(), one.text, second],
    [one.text, circumstance(), second],
  ])
  rows.push([mail(subjectFor(one), ...sentences), 'two'])
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-train-'))
const encoder = await Encoder.open(bundledEncoder)
try {
  const path = join(folder, 'support-care.csv')
  const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`
  await writeFile(path, ['text,label', ...rows.map((row) => row.map(quoted).join(','))].join('\n'))
  const trained = await train(await readLabelledTexts(path), encoder, { seed: Number(values.seed) })
  const { name, digest, threshold, training } = await writeModel(values.out, { ...trained, attribution })
  console.log(JSON.stringify({ name, digest, threshold, ...training }, undefined, 2))
} finally {
  await encoder.close()
  await rm(folder, { recursive: true })
}
