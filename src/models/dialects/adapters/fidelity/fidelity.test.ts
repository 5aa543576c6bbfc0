import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isMillraceError } from '../../../../core/errors/millrace-error.ts'
import type { DialectName } from '../../dialect.ts'
import { dialects } from '../../dialects.ts'
import { droppedHeader } from '../adapter.ts'
import { adapterFor } from '../adapters.ts'
import type { MayDrop } from '../crossing.ts'
import { answerSections } from './answers.ts'
import { chatSections } from './chat.ts'
import { embeddingsAdapter, embeddingSections, inferenceSections } from './embeddings.ts'
import { messageSections } from './messages.ts'
import { responseSections } from './responses.ts'
import { sameDialectTries } from './same-dialect.ts'
import type { RequestSection } from './section.ts'
import { streamTries } from './streams.ts'

// Every field is tried with an example, and what came of it is what the document says: docs/specs/fidelity.md is written from here (`vitest -u`).

type Outcome = { readonly body: string; readonly dropped: readonly string[] } | { readonly refused: string }

/** The other side of each client's dialect. */
const others: Readonly<Record<RequestSection['from'], DialectName>> = {
  'openai-chat': 'anthropic-messages',
  'anthropic-messages': 'openai-chat',
  'openai-responses': 'openai-chat',
  'openai-embeddings': 'open-inference',
  'open-inference': 'openai-embeddings',
}

function attempt({ from }: RequestSection, body: object, mayDrop: MayDrop): Outcome {
  const isEmbedding = from === 'openai-embeddings'
  const to = others[from]
  try {
    const request = dialects[from].read(Buffer.from(JSON.stringify(body)))
    const adapter = isEmbedding ? embeddingsAdapter : adapterFor(from, to)
    const carried = adapter?.request(request, mayDrop)
    if (carried === undefined) throw new Error('there is an adapter for each direction')
    dialects[to].read(carried.body) // what comes out is a request of the other dialect
    return { body: carried.body.toString(), dropped: carried.dropped }
  } catch (error) {
    if (isMillraceError(error, 'model/foreign-field') || isMillraceError(error, 'model/bad-body'))
      return { refused: error.details.field }
    throw error
  }
}

/** The body is the same without it: what the other dialect does anyway. */
const silence = 'needs nothing'

/** What the field does, found by trying. */
function fateOf(section: RequestSection, field: string, value = section.examples[field]): string {
  const body = section.body(field, value)
  const strict = attempt(section, body, new Set())
  const lax = attempt(section, body, 'all')
  if ('refused' in lax) return 'refused'
  if ('refused' in strict)
    return lax.dropped.length === 1 ? 'dropped where the route allows it, else refused' : 'unclear'
  const plain = attempt(section, section.body(field, null), 'all')
  const isSilent = JSON.stringify(plain) === JSON.stringify(strict)
  return isSilent ? silence : 'mapped'
}

const fates: Readonly<Record<string, string>> = {
  mapped: 'mapped',
  refused: 'refused',
  droppable: 'dropped where the route allows it, else refused',
}
const valueDependent = ['refused', fates['droppable']]

const requestSections = [
  ...chatSections,
  ...messageSections,
  ...responseSections,
  ...embeddingSections,
  ...inferenceSections,
]

const tries = requestSections.flatMap((section) =>
  Object.entries(section.rules).map(([field, rule]) => ({
    name: `${section.from}, ${section.title}: ${field}`,
    section,
    field,
    rule,
  })),
)

test.each(tries)('$name does what the document says', ({ section, field, rule }) => {
  expect(Object.keys(section.examples)).toContain(field)
  const fate = fateOf(section, field)
  const wanted = fates[rule.fate]
  if (fate === silence) expect(section.silent).toContain(field)
  // A rule by value is tried with the value that has no counterpart.
  else if (wanted === 'mapped' && fate !== 'mapped') expect(valueDependent).toContain(fate)
  else expect(fate).toBe(wanted)
})

test.each(tries.filter(({ rule }) => rule.fate !== 'mapped'))('$name is refused by its own name', (one) => {
  const outcome = attempt(one.section, one.section.body(one.field, one.section.examples[one.field]), new Set())
  expect(outcome).toHaveProperty('refused')
  if ('refused' in outcome) {
    const { field } = one
    expect([field, 'type', '0']).toContain(outcome.refused.split('.').at(-1))
  }
})

test('a field that nobody knows is dropped by leave only, by its name or its path', () => {
  for (const section of requestSections.filter(({ title }) => title === 'Request')) {
    const body = section.body('new_field', 1)
    expect(attempt(section, body, new Set())).toEqual({ refused: 'new_field' })
    expect(attempt(section, body, new Set(['new_field']))).toMatchObject({ dropped: ['new_field'] })
    const [list, type] = section.from === 'openai-responses' ? ['input', 'input_text'] : ['messages', 'text']
    const nested = section.body(list, [{ role: 'user', content: [{ type, text: 'a', odd: 1 }] }])
    expect(attempt(section, nested, new Set())).toEqual({ refused: `${list}.0.content.0.odd` })
    expect(attempt(section, nested, new Set(['odd']))).toMatchObject({ dropped: [`${list}.*.content.*.odd`] })
    expect(attempt(section, nested, new Set([`${list}.*.content.*.odd`]))).toHaveProperty('dropped')
  }
})

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

const requestTable = (section: RequestSection): string =>
  `### ${section.title}\n\n${table(
    ['field', 'fate', 'what becomes of it, or why', 'tried with'],
    Object.entries(section.rules).flatMap(([field, rule]) =>
      [
        section.examples[field],
        ...(section.others ?? []).filter(([name]) => name === field).map(([, value]) => value),
      ].map((value) => [`\`${field}\``, fateOf(section, field, value), rule.says, `\`${JSON.stringify(value)}\``]),
    ),
  )}`

const answerTable = ({ title, fields }: (typeof answerSections)[number]): string =>
  `### ${title}\n\n${table(
    ['field', 'fate', 'what becomes of it, or why'],
    Object.entries(fields).map(([field, { fate, says }]) => [`\`${field}\``, fate, says]),
  )}`

const streamTable = table(
  ['client', 'provider', 'the provider sends', 'fate'],
  streamTries.map(({ client, fate, provider, title }) => [client, provider, title, fate]),
)

test.each(sameDialectTries)('$name with $holds: $fate', ({ fate }) => {
  expect(fate).toMatch(/^passes byte for byte/)
})

test.each(streamTries)('a stream of $provider for a client of $client, $title: $fate', ({ fate }) => {
  expect(fate).toMatch(/^(mapped|passes byte for byte|never ends as if whole)/)
})

const sameTable = table(
  ['dialect of both sides', 'the request holds', 'fate'],
  sameDialectTries.map(({ fate, holds, name }) => [name, holds, fate]),
)

const document = `# Fidelity: what the gateway does with every field

<!-- Written by src/models/dialects/adapters/fidelity/fidelity.test.ts, which tries every row. Change the rules there, and run the test with -u. -->

**The same dialect on both sides.** The body goes on byte for byte, unknown fields too. Three things are changed: the model's name; an output cap is added where the client set none; a stream of OpenAI's chat is asked for its usage where the client did not ask, and the block that tells it is taken out again. Answers and events pass as they came. A body in which a field stands twice is refused.

${sameTable}

**Another dialect.** Each field is *mapped*, *refused* (400, naming it), or *dropped* where the route allows it (and refused otherwise); a value that *needs nothing* asks for what happens anyway. What was dropped is named in the header \`${droppedHeader}\`. A field that stands in no table is dropped where the route allows it. A field of an answer that the client's dialect cannot tell is dropped and named, in a stream in a comment before its end. Numbers keep their digits. URLs are passed on, never fetched.

## A client of OpenAI's chat, a provider of Anthropic's messages

${chatSections.map(requestTable).join('\n\n')}

${answerSections
  .filter(({ to }) => to === 'openai-chat')
  .map(answerTable)
  .join('\n\n')}

## A client of Anthropic's messages, a provider of OpenAI's chat

${messageSections.map(requestTable).join('\n\n')}

${answerSections
  .filter(({ to }) => to === 'anthropic-messages')
  .map(answerTable)
  .join('\n\n')}

## A client of OpenAI's responses, a provider of OpenAI's chat

What providers run beside the answer (\`background\`, \`conversation\`, \`prompt\`, \`context_management\`, compaction, tools of their own) is refused of every request, whoever answers. A provider of Anthropic's messages is reached by way of the chat: first as told here, then as told of a client of the chat; fields are named there as the chat names them.

${responseSections.map(requestTable).join('\n\n')}

${answerSections
  .filter(({ to }) => to === 'openai-responses')
  .map(answerTable)
  .join('\n\n')}

## A client of OpenAI's embeddings, a provider of the Open Inference Protocol

${embeddingSections.map(requestTable).join('\n\n')}

Of the answer, the declared output becomes \`data\`, as floats or base64; \`model\` is the version's name here. There is no \`usage\`: the protocol does not tell it. All else (\`id\`, \`model_version\`, other outputs) has no counterpart.

## A client of the Open Inference Protocol, a provider of OpenAI's embeddings

${inferenceSections.map(requestTable).join('\n\n')}

Of the answer, the vectors become the output \`embedding\`, FP32 of \`[n, width]\`, by their \`index\`; \`model_name\` is the name that the client asked for. The use has no place in the protocol: the call's record has it.

## Streams

What the client puts together, and what it counts, is what the provider said and counts. \`mapped without\`: what the client's dialect cannot tell is named in a comment of the stream before its end.

${streamTable}
`

test('the document is what was tried', async () => {
  await expect(document).toMatchFileSnapshot(join(import.meta.dirname, '../../../../../docs/specs/fidelity.md'))
})
