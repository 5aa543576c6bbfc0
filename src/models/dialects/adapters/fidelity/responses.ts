import * as content from '../responses-to-chat-content.ts'
import * as tools from '../responses-to-chat-tools.ts'
import { reasoningFields, responseFields, textFields } from '../responses-to-chat.ts'
import { partRules, type RequestSection, rulesOf } from './section.ts'

const from = 'openai-responses'
const hello = { role: 'user', content: 'hello' }
const base = { model: 'm', input: [hello] }
const data = 'data:image/png;base64,AAAA'
const pdf = 'data:application/pdf;base64,AAAA'
const schema = { type: 'object', properties: {} }
const tool = { type: 'function', name: 'f', parameters: schema, strict: true }
const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }
const result = { type: 'function_call_output', call_id: 'c', output: 'a' }
const breakpoint = { mode: 'explicit' }
const withTools = (field: string): boolean => field === 'tool_choice' || field === 'parallel_tool_calls'
const item = (one: object) => (field: string, value: unknown) => ({
  ...base,
  input: [{ ...one, [field]: value }, hello],
})
const part = (role: string, one: object) => (field: string, value: unknown) => ({
  ...base,
  input: [{ role, content: [{ ...one, [field]: value }] }],
})
const parts = (role: string) => (_: string, one: unknown) => ({ ...base, input: [{ role, content: [one] }, hello] })
const ofItem = ['type', 'id', 'status']

/** What becomes of a request of OpenAI's responses before a chat. */
export const responseSections: readonly RequestSection[] = [
  {
    title: 'Request',
    from,
    rules: responseFields,
    body: (field, value) => ({ ...base, ...(withTools(field) && { tools: [tool] }), [field]: value }),
    others: [
      ['tools', [{ type: 'custom', name: 'f' }]],
      ['tool_choice', { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] }],
      ['tool_choice', { type: 'custom', name: 'f' }],
      ['include', []],
      ['top_logprobs', 0],
      ['truncation', 'disabled'],
    ],
    silent: ['stream_options', 'store', 'max_tool_calls', 'background', 'metadata'],
    examples: {
      model: 'other',
      instructions: 'Be brief.',
      input: 'other',
      max_output_tokens: 5,
      stream: true,
      stream_options: { include_obfuscation: false },
      temperature: 0.5,
      top_p: 0.9,
      tools: [tool],
      tool_choice: { type: 'function', name: 'f' },
      parallel_tool_calls: false,
      text: { verbosity: 'low' },
      reasoning: { effort: 'high' },
      service_tier: 'flex',
      user: 'u',
      safety_identifier: 'u',
      metadata: { ticket: '7' },
      prompt_cache_key: 'k',
      prompt_cache_options: { mode: 'explicit' },
      prompt_cache_retention: '24h',
      store: true,
      max_tool_calls: 3,
      background: false,
      previous_response_id: 'resp_0',
      include: ['reasoning.encrypted_content'],
      top_logprobs: 3,
      truncation: 'auto',
      moderation: {},
      access_programs: {},
      image: {},
    },
  },
  {
    title: '`text`',
    from,
    rules: textFields,
    body: (field, value) => ({ ...base, text: { [field]: value } }),
    examples: { format: { type: 'json_schema', name: 'a', schema, strict: true }, verbosity: 'low' },
    others: [
      ['format', { type: 'json_object' }],
      ['format', { type: 'text' }],
      ['format', { type: 'grammar' }],
    ],
  },
  {
    title: '`reasoning`',
    from,
    rules: reasoningFields,
    body: (field, value) => ({ ...base, reasoning: { [field]: value } }),
    examples: { effort: 'low', summary: 'auto', generate_summary: 'auto' },
  },
  {
    title: 'Items',
    from,
    rules: content.items,
    body: (_, one) => ({ ...base, input: one === null ? [hello] : [one, hello] }),
    examples: {
      message: { type: 'message', ...hello },
      function_call: call,
      function_call_output: result,
      reasoning: { type: 'reasoning', id: 'rs', summary: [], encrypted_content: 'gAAA' },
      item_reference: { type: 'item_reference', id: 'rs' },
    },
  },
  {
    title: 'Messages of the user',
    from,
    rules: content.userItem,
    body: item({ type: 'message', ...hello }),
    silent: ofItem,
    examples: {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'input_text', text: 'b' }],
      id: 'msg_1',
      status: 'completed',
      phase: 'final_answer',
    },
  },
  {
    title: 'Messages of the system and developer',
    from,
    rules: content.systemItem,
    body: item({ type: 'message', role: 'system', content: 'a' }),
    silent: ofItem,
    examples: {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: 'b' }],
      id: 'msg_1',
      status: 'completed',
      phase: 'commentary',
    },
    others: [['role', 'developer']],
  },
  {
    title: 'Messages of the assistant',
    from,
    rules: content.assistantItem,
    body: item({ type: 'message', role: 'assistant', content: 'a' }),
    silent: ofItem,
    examples: {
      type: 'message',
      role: 'user',
      content: [{ type: 'output_text', text: 'b', annotations: [] }],
      id: 'msg_1',
      status: 'completed',
      phase: 'commentary',
    },
  },
  {
    title: 'Calls of tools',
    from,
    rules: tools.functionCallFields,
    body: item(call),
    silent: ofItem,
    examples: {
      type: 'function_call',
      call_id: 'd',
      name: 'g',
      arguments: '{"a":1}',
      id: 'fc_1',
      status: 'completed',
      namespace: 'n',
      caller: { type: 'program', caller_id: 'p' },
      async: true,
    },
    others: [['caller', { type: 'direct' }]],
  },
  {
    title: 'Results of tools',
    from,
    rules: content.resultFields,
    body: item(result),
    silent: [...ofItem, 'name'],
    examples: {
      type: 'function_call_output',
      call_id: 'd',
      output: [{ type: 'input_text', text: 'b' }],
      id: 'fco_1',
      name: 'f',
      status: 'completed',
      namespace: 'n',
      caller: { type: 'program', caller_id: 'p' },
    },
    others: [['output', [{ type: 'input_image', image_url: data }]]],
  },
  {
    title: 'Parts of the user’s content',
    from,
    rules: partRules(content.inputParts),
    body: parts('user'),
    examples: {
      input_text: { type: 'input_text', text: 'a' },
      input_image: { type: 'input_image', image_url: data },
      input_file: { type: 'input_file', file_data: pdf },
      input_audio: { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
    },
  },
  {
    title: 'A part that is a text',
    from,
    rules: rulesOf(content.inputParts, 'input_text'),
    body: part('user', { type: 'input_text', text: 'a' }),
    silent: ['type'],
    examples: { type: 'input_text', text: 'b', prompt_cache_breakpoint: breakpoint },
  },
  {
    title: 'A part that is a picture',
    from,
    rules: rulesOf(content.inputParts, 'input_image'),
    body: part('user', { type: 'input_image', image_url: data }),
    silent: ['type'],
    examples: {
      type: 'input_image',
      image_url: 'https://example.test/a.png',
      detail: 'low',
      file_id: 'file-1',
      prompt_cache_breakpoint: breakpoint,
    },
  },
  {
    title: 'A part that is a file',
    from,
    rules: rulesOf(content.inputParts, 'input_file'),
    body: part('user', { type: 'input_file', file_data: pdf }),
    silent: ['type'],
    examples: {
      type: 'input_file',
      file_data: 'data:application/pdf;base64,BBBB',
      filename: 'a.pdf',
      file_id: 'file-1',
      file_url: 'https://example.test/a.pdf',
      detail: 'low',
      prompt_cache_breakpoint: breakpoint,
    },
  },
  {
    title: 'Parts of instructions and of results',
    from,
    rules: partRules(content.textParts),
    body: parts('system'),
    examples: {
      input_text: { type: 'input_text', text: 'a' },
      input_image: { type: 'input_image', image_url: data },
      input_file: { type: 'input_file', file_data: pdf },
    },
  },
  {
    title: 'Parts of what the model said',
    from,
    rules: partRules(content.outputParts),
    body: parts('assistant'),
    examples: {
      output_text: { type: 'output_text', text: 'a', annotations: [] },
      refusal: { type: 'refusal', refusal: 'I cannot.' },
      input_text: { type: 'input_text', text: 'a' },
    },
  },
  {
    title: 'A text that the model said',
    from,
    rules: rulesOf(content.outputParts, 'output_text'),
    body: part('assistant', { type: 'output_text', text: 'a' }),
    silent: ['type', 'logprobs', 'parsed'],
    examples: {
      type: 'output_text',
      text: 'b',
      annotations: [{ type: 'url_citation' }],
      logprobs: [],
      parsed: {},
    },
    others: [['annotations', []]],
  },
  {
    title: 'Tools',
    from,
    rules: tools.responseToolFields,
    body: (field, value) => ({ ...base, tools: [{ ...tool, [field]: value }] }),
    silent: ['type'],
    examples: {
      type: 'function',
      name: 'g',
      description: 'd',
      parameters: { ...schema, required: [] },
      strict: false,
      output_schema: schema,
      defer_loading: true,
      async: true,
      allowed_callers: ['direct'],
    },
    others: [['type', 'custom']],
  },
]
