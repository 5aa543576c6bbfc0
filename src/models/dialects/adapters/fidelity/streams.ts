import type { DialectName } from '../../dialect.ts'
import { dialects } from '../../dialects.ts'
import { dataEvents, framesOf, listen, namedEvents } from '../../testing.ts'
import { droppedHeader } from '../adapter.ts'
import { adapterFor } from '../adapters.ts'

/** One thing that streams do, as a provider sends it. */
interface StreamCase {
  readonly title: string
  readonly text: string
}

const chunk = (delta: object, finish_reason: string | null = null): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason }],
})
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const chat = (...chunks: readonly object[]): string =>
  dataEvents(chunk({ role: 'assistant', content: '' }), ...chunks, { ...chunk({}), choices: [], usage })
const begun = (index: number, id: string): object =>
  chunk({ tool_calls: [{ index, id, type: 'function', function: { name: 'f', arguments: '' } }] })
const more = (index: number, json: string): object => chunk({ tool_calls: [{ index, function: { arguments: json } }] })

const typed = (event: { readonly type: string; readonly [key: string]: unknown }): { readonly type: string } => event
const block = (index: number, content_block: object, ...deltas: readonly object[]): { readonly type: string }[] => [
  typed({ type: 'content_block_start', index, content_block }),
  ...deltas.map((delta) => typed({ type: 'content_block_delta', index, delta })),
  typed({ type: 'content_block_stop', index }),
]
const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] }
const message = (stop: object, ...blocks: readonly { readonly type: string }[][]): string =>
  namedEvents(
    typed({ type: 'message_start', message: { ...head, usage: { input_tokens: 3, output_tokens: 1 } } }),
    ...blocks.flat(),
    typed({ type: 'message_delta', delta: stop, usage: { output_tokens: 2 } }),
    { type: 'message_stop' },
  )
const text = (index: number, said: string): { readonly type: string }[] =>
  block(index, { type: 'text', text: '' }, { type: 'text_delta', text: said })
const call = (index: number, ...json: readonly string[]): { readonly type: string }[] =>
  block(
    index,
    { type: 'tool_use', id: `t${index}`, name: 'f', input: {} },
    ...json.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
  )
const longNumber = '{"order":12345678901234567890}'
const cut = (whole: string): string =>
  whole
    .split(/(?<=\n\n)/)
    .slice(0, -2)
    .join('')

const calls = { stop_reason: 'tool_use' }
/** By who sends them. */
const cases: Readonly<Partial<Record<DialectName, readonly StreamCase[]>>> = {
  'openai-chat': [
    { title: 'a text in pieces', text: chat(chunk({ content: 'He' }), chunk({ content: 'llo' }), chunk({}, 'stop')) },
    {
      title: 'parallel calls whose arguments come in turns',
      text: chat(
        begun(0, 'a'),
        begun(1, 'b'),
        more(0, '{"x"'),
        more(1, '{"y"'),
        more(0, ':1}'),
        more(1, ':2}'),
        chunk({}, 'tool_calls'),
      ),
    },
    {
      title: 'arguments that are split within a number of 20 digits',
      text: chat(
        begun(0, 'a'),
        more(0, longNumber.slice(0, 15)),
        more(0, longNumber.slice(15)),
        chunk({}, 'tool_calls'),
      ),
    },
    { title: 'an answer that reaches its cap', text: chat(chunk({ content: 'He' }), chunk({}, 'length')) },
    {
      title: 'thinking of its own model',
      text: chat(chunk({ reasoning_content: 'hm' }), chunk({ content: 'Hello' }), chunk({}, 'stop')),
    },
    { title: 'a stream that is cut', text: cut(chat(chunk({ content: 'Hello' }))) },
  ],
  'anthropic-messages': [
    { title: 'a text in pieces', text: message({ stop_reason: 'end_turn' }, text(0, 'Hello')) },
    {
      title: 'several calls',
      text: message(calls, text(0, 'Let me look.'), call(1, '{"x"', ':1}'), call(2, '{"y":2}')),
    },
    { title: 'a call without arguments', text: message(calls, call(0)) },
    {
      title: 'arguments that are split within a number of 20 digits',
      text: message(calls, call(0, longNumber.slice(0, 15), longNumber.slice(15))),
    },
    { title: 'an answer that reaches its cap', text: message({ stop_reason: 'max_tokens' }, text(0, 'He')) },
    {
      title: 'a refusal that says why',
      text: message({ stop_reason: 'refusal', stop_details: { type: 'refusal', explanation: 'I cannot.' } }),
    },
    {
      title: 'signed thinking',
      text: message(
        { stop_reason: 'end_turn' },
        block(
          0,
          { type: 'thinking', thinking: '', signature: '' },
          { type: 'thinking_delta', thinking: 'hm' },
          { type: 'signature_delta', signature: 's==' },
        ),
        text(1, 'Hello'),
      ),
    },
    { title: 'a stream that is cut', text: cut(message({ stop_reason: 'end_turn' }, text(0, 'Hello'))) },
  ],
}

export interface StreamTry {
  readonly client: DialectName
  readonly provider: DialectName
  readonly title: string
  /** What came of it, found by trying. */
  readonly fate: string
}

/** Every case for every client that an adapter leads from. */
export const streamTries: readonly StreamTry[] = Object.entries(cases).flatMap(([name, list]) => {
  const provider = name as DialectName // a key of `cases`
  const clients = (['openai-chat', 'openai-responses', 'anthropic-messages'] as const).filter((one) =>
    one === provider ? true : adapterFor(one, provider) !== undefined,
  )
  return clients.flatMap((client) =>
    list.map(({ text: sent, title }) => ({ client, provider, title, fate: fateOf(client, provider, sent) })),
  )
})

function fateOf(client: DialectName, provider: DialectName, sent: string): string {
  const { passed, reader: told } = listen(dialects[provider], sent)
  if (client === provider) {
    if (passed !== sent) return 'is changed'
    return told.isComplete ? 'passes byte for byte' : 'never ends as if whole'
  }
  const adapter = adapterFor(client, provider)?.stream({ created: 1, asksUsage: true })
  const out = framesOf(sent)
    .map((frame) => adapter?.carry(frame) ?? '')
    .join('')
  const { reader } = listen(dialects[client], out)
  if (!told.isComplete) return reader.isComplete ? 'ends as if whole' : 'never ends as if whole'
  const isSame = JSON.stringify(saidIn(client, out)) === JSON.stringify(saidIn(provider, sent))
  const isCounted = JSON.stringify(reader.usage) === JSON.stringify(told.usage)
  if (!reader.isComplete || !isSame || !isCounted) return 'unclear'
  const dropped = adapter?.dropped ?? []
  if (dropped.length === 0) return 'mapped'
  return out.includes(`: ${droppedHeader} ${dropped.join(', ')}`)
    ? `mapped without \`${dropped.join('`, `')}\``
    : 'unclear'
}

function saidIn(name: DialectName, stream: string): unknown {
  const listener = dialects[name].listener()
  for (const frame of framesOf(stream)) listener?.listen(frame)
  return listener?.said
}
