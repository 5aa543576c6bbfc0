import { expect, test } from 'vitest'
import type { DialectName } from '../dialects/dialect.ts'
import { dialects } from '../dialects/dialects.ts'
import { checkOf } from './check-of.ts'
import { repairOf } from './repair-of.ts'

const schema = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }

/** The repaired request's list, and that nothing else of the body moved. */
function repaired(dialect: DialectName, body: string, answer: string): { list: unknown; rest: string; text: string } {
  const request = dialects[dialect].read(Buffer.from(body))
  const said = dialects[dialect].saidIn(JSON.parse(answer))
  const problems = (said && checkOf(request)?.problemsIn(said)) ?? []
  expect(problems.length).toBeGreaterThan(0)
  const again = repairOf(request, Buffer.from(answer), problems)
  const field = dialect === 'openai-responses' ? 'input' : 'messages'
  const member = again.members.find(({ key }) => key === field)
  const { raw } = again
  const rest = raw.toString('utf8', 0, member?.valueStart) + raw.toString('utf8', member?.valueEnd)
  return { list: again.json[field], rest, text: raw.toString() }
}

const says = (pattern: RegExp): unknown => expect.stringMatching(pattern)

test('chat: the wrong answer and the complaint follow the conversation, and every other byte stays', () => {
  const format = JSON.stringify({ type: 'json_schema', json_schema: { name: 'a', schema } })
  const body = (messages: string): string =>
    `{ "model":"m", "seed": 12345678901234567890,"messages":${messages}, "response_format":${format} }`
  const answer = JSON.stringify({
    choices: [
      { message: { role: 'assistant', content: '{"id":5}', refusal: null, annotations: [] }, finish_reason: 'stop' },
    ],
  })
  const { list, rest } = repaired('openai-chat', body('[ {"role":"user","content":"hi"} ]'), answer)
  expect(list).toEqual([
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: '{"id":5}' },
    { role: 'user', content: says(/- \/id: must be string/) },
  ])
  expect(rest).toBe(body(''))
})

test('chat: each call gets its result, the right one too, and arguments that are no JSON are shown in words', () => {
  const tool = { type: 'function', function: { name: 'f', strict: true, parameters: schema } }
  const made = (id: string, args: string) => ({ id, type: 'function', function: { name: 'f', arguments: args } })
  const calls = [made('1', '{"id":"a"}'), made('2', '{"id"')]
  const answer = { choices: [{ message: { content: null, tool_calls: calls }, finish_reason: 'tool_calls' }] }
  const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], tools: [tool] }
  const { list } = repaired('openai-chat', JSON.stringify(body), JSON.stringify(answer))
  expect(list).toEqual([
    body.messages[0],
    { role: 'assistant', content: null, tool_calls: [made('1', '{"id":"a"}'), made('2', '{}')] },
    { role: 'tool', tool_call_id: '1', content: says(/another one beside it was wrong/) },
    { role: 'tool', tool_call_id: '2', content: says(/no JSON[^]*The arguments were: \{"id"/) },
  ])
})

test('messages: thinking goes back byte for byte, and a wrong call as an error', () => {
  const content =
    '[{"type":"thinking","thinking":"hm\\u00e9","signature":"s=="} , {"type":"tool_use","id":"t","name":"f","input":{"n":12345678901234567890}}]'
  const answer = `{"type":"message","content":${content},"stop_reason":"tool_use"}`
  const body = {
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    tools: [{ name: 'f', strict: true, input_schema: schema }],
  }
  const { list, text } = repaired('anthropic-messages', JSON.stringify(body), answer)
  expect(text).toContain(`{"role":"assistant","content":${content}}`)
  expect(list).toMatchObject([
    {},
    { role: 'assistant' },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 't', is_error: true, content: says(/required property/) }],
    },
  ])
})

test('responses: a text as input becomes a list, and items come without the ids of what the provider kept', () => {
  const format = { type: 'json_schema', name: 'a', schema }
  const body = { model: 'm', input: 'say "hi"', text: { format } }
  const output = [
    { type: 'reasoning', id: 'rs_1', summary: [] },
    {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      content: [{ type: 'output_text', text: '{}', annotations: [] }],
    },
  ]
  const answer = JSON.stringify({ status: 'completed', output })
  const { list } = repaired('openai-responses', JSON.stringify(body), answer)
  expect(list).toEqual([
    { role: 'user', content: 'say "hi"' },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: '{}' }] },
    { type: 'message', role: 'user', content: says(/required property/) },
  ])
})
