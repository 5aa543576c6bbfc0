// Trains models/support-intent anew: `node scripts/train-support-intent.ts --data ../shared/data [--out models/support-intent] [--seed 1]`.
// BANKING77 gives the labelled texts; CLINC150 and pipelines/support-triage/training/out-of-scope.csv the texts of other kinds, which fit the
// rejection threshold only.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { bundledEncoder } from '../src/models/bundled.ts'
import { writeModel } from '../src/models/directory/write-model.ts'
import { Encoder } from '../src/models/encoder.ts'
import { outOfScope, readLabelledTexts } from '../src/models/training/csv-rows.ts'
import { train } from '../src/models/training/train.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    out: { type: 'string', default: 'models/support-intent' },
    seed: { type: 'string', default: '1' },
  },
})

const attribution = `Labelled texts: BANKING77 (PolyAI, CC-BY-4.0). Out-of-scope texts: CLINC150 (Larson et al., CC-BY-3.0), training part, without its
domains of banking and credit cards and the intents that a bank hears too; and mail of other kinds written for this project. The vectors are those
of mini-en, which its own card describes (Apache-2.0).`

/** Domains and intents of CLINC150 that overlap with what a bank's customers write. */
const bankDomains = new Set(['banking', 'credit_cards'])
const bankIntents = new Set(['exchange_rate', 'find_phone', 'cancel', 'travel_notification', 'direct_deposit'])

const clinc = z.object({
  train: z.array(z.tuple([z.string(), z.string()])),
  oos_train: z.array(z.tuple([z.string(), z.string()])),
})
const read = (path: string): unknown => JSON.parse(readFileSync(join(values.data, path), 'utf8'))
const domains = z.record(z.string(), z.array(z.string())).parse(read('clinc150/domains.json'))
const { train: labelled, oos_train: strange } = clinc.parse(read('clinc150/data.json'))
const kept = new Set(
  Object.entries(domains)
    .flatMap(([domain, intents]) => (bankDomains.has(domain) ? [] : intents))
    .filter((intent) => !bankIntents.has(intent)),
)

const ours = await readLabelledTexts('pipelines/support-triage/training/out-of-scope.csv')
const bank = await readLabelledTexts(join(values.data, 'banking77/train.csv'))
const others = [...labelled.filter(([, intent]) => kept.has(intent)), ...strange].map(([text]) => text)
const rows = [
  ...bank.rows.map(({ text, label }) => [text, label]),
  ...[...others, ...ours.rows.map((row) => row.text)].map((text) => [text, outOfScope]),
]
const quoted = (field: string | undefined): string => `"${(field ?? '').replaceAll('"', '""')}"`

const folder = await mkdtemp(join(tmpdir(), 'millrace-train-'))
const encoder = await Encoder.open(bundledEncoder)
try {
  const path = join(folder, 'support-intent.csv')
  await writeFile(path, ['text,label', ...rows.map((row) => row.map(quoted).join(','))].join('\n'))
  const trained = await train(await readLabelledTexts(path), encoder, { seed: Number(values.seed) })
  const { name, digest, threshold, training } = await writeModel(values.out, { ...trained, attribution })
  console.log(JSON.stringify({ name, digest, threshold, ...training }, undefined, 2))
} finally {
  await encoder.close()
  await rm(folder, { recursive: true })
}
