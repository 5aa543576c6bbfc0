import type { ModelRequest } from '../dialects/dialect.ts'
import { dialects } from '../dialects/dialects.ts'
import { membersOf, withMembers } from '../dialects/json-members.ts'
import { objectOf, objectsOf, parsed, textOf } from '../dialects/unknown-json.ts'
import type { Problem } from './check-of.ts'
import { told } from './schema-check.ts'

/**
 * The same request, with the wrong answer and what is wrong with it after its last message: to be asked once more of the same target, as an attempt of
 * its own with its own reservation. Both are in the dialect of the provider that answered, so that a message's signed thinking goes back to its issuer
 * byte for byte; everything of the client's body but that list stays as it was.
 */
export function repairOf(request: ModelRequest, answer: Buffer, problems: readonly Problem[]): ModelRequest {
  const { dialect, members, raw } = request
  const field = dialect === 'openai-responses' ? 'input' : 'messages'
  const member = members.find(({ key }) => key === field)
  const before = member && raw.subarray(member.valueStart, member.valueEnd)
  const list = listWith(before, turnsIn[dialect](answer, problems))
  return dialects[dialect].read(withMembers(raw, members, new Map([[field, list]])))
}

/** The turns as JSON texts, by dialect. */
const turnsIn: Readonly<Record<ModelRequest['dialect'], (answer: Buffer, problems: readonly Problem[]) => string[]>> = {
  'openai-chat': chatTurns,
  'openai-responses': responseTurns,
  'anthropic-messages': messageTurns,
  'openai-embeddings': () => [],
  'open-inference': () => [],
}

/** A list in JSON with more at its end, its own bytes untouched. An `input` that is a text is what a user says. */
function listWith(before: Buffer | undefined, turns: readonly string[]): string {
  const value = before?.toString('utf8').trim()
  if (value === undefined || value === 'null') return `[${turns.join(',')}]`
  if (value.startsWith('"')) return `[{"role":"user","content":${value}},${turns.join(',')}]`
  const inner = value.slice(1, -1)
  return `[${inner}${inner.trim() === '' ? '' : ','}${turns.join(',')}]`
}

function chatTurns(answer: Buffer, problems: readonly Problem[]): string[] {
  const [choice] = objectsOf(objectOf(parsed(answer.toString('utf8')))?.['choices'])
  const message = objectOf(choice?.['message']) ?? {}
  const calls = objectsOf(message['tool_calls'])
  const content = textOf(message['content']) ?? ''
  // A name and a text alone: what else an answer has (annotations, reasoning) is no field of a request everywhere.
  const said = {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    ...(calls.length > 0 && {
      tool_calls: calls.map((call) => {
        const called = objectOf(call['function'])
        const json = jsonArguments(called?.['arguments'])
        return { ...call, ...(called && { function: { name: called['name'], arguments: json } }) }
      }),
    }),
  }
  const results = calls.map((call) => {
    const called = objectOf(call['function'])
    return { role: 'tool', tool_call_id: call['id'], content: verdictOn(call['id'], called?.['arguments'], problems) }
  })
  const after = calls.length > 0 ? results : [{ role: 'user', content: complaint(problems) }]
  return [said, ...after].map((turn) => JSON.stringify(turn))
}

function responseTurns(answer: Buffer, problems: readonly Problem[]): string[] {
  const items = objectsOf(objectOf(parsed(answer.toString('utf8')))?.['output'])
  const calls = items.filter(({ type }) => type === 'function_call')
  const texts = items
    .filter(({ type }) => type === 'message')
    .flatMap((item) => objectsOf(item['content']))
    .map((part) => textOf(part['text']) ?? '')
    .join('')
  // Without their ids, items are the conversation's own: with them, the reasoning that led there would have to come too.
  const said = [
    ...(texts === '' ? [] : [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: texts }] }]),
    ...calls.map(({ call_id, name, ...call }) => ({
      type: 'function_call',
      call_id,
      name,
      arguments: jsonArguments(call['arguments']),
    })),
  ]
  const results = calls.map((call) => ({
    type: 'function_call_output',
    call_id: call['call_id'],
    output: verdictOn(call['call_id'], call['arguments'], problems),
  }))
  const after = calls.length > 0 ? results : [{ type: 'message', role: 'user', content: complaint(problems) }]
  return [...said, ...after].map((turn) => JSON.stringify(turn))
}

/** Its content goes back as it came: a signature of thinking fits one text alone. */
function messageTurns(answer: Buffer, problems: readonly Problem[]): string[] {
  const member = membersOf(answer).find(({ key }) => key === 'content')
  const content = member ? answer.toString('utf8', member.valueStart, member.valueEnd) : '[]'
  const calls = objectsOf(parsed(content)).filter(({ type }) => type === 'tool_use')
  const results = calls.map((call) => ({
    type: 'tool_result',
    tool_use_id: call['id'],
    is_error: true,
    content: verdictOn(call['id'], undefined, problems),
  }))
  const after = calls.length > 0 ? results : [{ type: 'text', text: complaint(problems) }]
  const isEmpty = objectsOf(parsed(content)).length === 0 // a turn of nothing is refused
  return [
    ...(isEmpty ? [] : [`{"role":"assistant","content":${content}}`]),
    JSON.stringify({ role: 'user', content: after }),
  ]
}

/** What is no JSON object would be refused in a conversation; the model is shown it in words. */
const jsonArguments = (value: unknown): string => {
  const text = textOf(value) ?? ''
  return objectOf(parsed(text)) === undefined ? '{}' : text
}

function verdictOn(id: unknown, written: unknown, problems: readonly Problem[]): string {
  const own = problems.filter(({ call }) => call?.id === id)
  if (own.length === 0) return 'This call was not carried out, since another one beside it was wrong. Make it again.'
  const text = textOf(written)
  const shown = text === undefined || jsonArguments(text) === text ? '' : `\nThe arguments were: ${text.slice(0, 4000)}`
  return `This call was not carried out: its arguments are wrong.\n${lines(own)}${shown}\nMake the call again with arguments that are right.`
}

const complaint = (problems: readonly Problem[]): string =>
  `The answer is not what was asked for.\n${lines(problems)}\nAnswer again, with nothing but JSON that fits the schema.`

const lines = (problems: readonly Problem[]): string => problems.map((problem) => `- ${told(problem)}`).join('\n')
