import * as chatContent from '../chat-to-messages-content.ts'
import * as chatTools from '../chat-to-messages-tools.ts'
import { chatFields } from '../chat-to-messages.ts'
import { partRules, type RequestSection, rulesOf } from './section.ts'

const hello = { role: 'user', content: 'hello' }
const chat = { model: 'm', messages: [hello] }
const data = 'data:image/png;base64,AAAA'
const chatCall = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
const breakpoint = { mode: 'explicit' }
const ephemeral = { type: 'ephemeral' }
const chatTool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } }
const schema = { type: 'object', properties: {} }
const withTools = (field: string): boolean => field === 'tool_choice' || field === 'parallel_tool_calls'
const chatParts = (role: string) => (_: string, part: unknown) => ({
  ...chat,
  messages: [{ role, content: [part] }, hello],
})
const chatUserPart = (base: object) => (field: string, value: unknown) => ({
  ...chat,
  messages: [{ role: 'user', content: [{ ...base, [field]: value }] }],
})

/** What becomes of a request of OpenAI's chat before Anthropic. */
export const chatSections: readonly RequestSection[] = [
  {
    title: 'Request',
    from: 'openai-chat',
    rules: chatFields,
    body: (field, value) => ({ ...chat, ...(withTools(field) && { tools: [chatTool] }), [field]: value }),
    others: [
      ['temperature', 1.5],
      ['tools', [{ type: 'custom', custom: { name: 'f' } }]],
      ['tool_choice', { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } }],
      ['response_format', { type: 'json_object' }],
      ['response_format', { type: 'text' }],
      ['reasoning_effort', 'none'],
      ['service_tier', 'flex'],
      ['n', 1],
      ['frequency_penalty', 0],
      ['store', false],
    ],
    silent: ['stream_options'],
    examples: {
      model: 'other',
      messages: [{ role: 'system', content: 'Be brief.' }, hello],
      max_tokens: 5,
      max_completion_tokens: 5,
      stream: true,
      stream_options: { include_usage: true },
      stop: 'END',
      temperature: 0.5,
      top_p: 0.9,
      tools: [chatTool],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
      reasoning_effort: 'high',
      user: 'u',
      safety_identifier: 'u',
      service_tier: 'default',
      n: 2,
      logprobs: true,
      top_logprobs: 3,
      modalities: ['text', 'audio'],
      audio: { voice: 'alloy', format: 'wav' },
      functions: [{ name: 'f' }],
      function_call: 'auto',
      web_search_options: {},
      prediction: { type: 'content', content: 'a' },
      frequency_penalty: 0.5,
      presence_penalty: 0.5,
      logit_bias: { 50256: -100 },
      seed: 7,
      verbosity: 'low',
      store: true,
      metadata: { ticket: '7' },
      moderation: {},
      prompt_cache_key: 'k',
      prompt_cache_options: { mode: 'explicit' },
      prompt_cache_retention: '24h',
    },
  },
  {
    title: 'Messages of the system and developer',
    from: 'openai-chat',
    rules: chatContent.systemFields,
    body: (field, value) => ({ ...chat, messages: [{ role: 'system', content: 'a', [field]: value }, hello] }),
    examples: { role: 'developer', name: 'n', content: 'b' },
  },
  {
    title: 'Messages of the user',
    from: 'openai-chat',
    rules: chatContent.userFields,
    body: (field, value) => ({ ...chat, messages: [{ role: 'user', content: 'a', [field]: value }] }),
    examples: { role: 'user', name: 'n', content: [{ type: 'text', text: 'b' }] },
  },
  {
    title: 'Messages of the assistant',
    from: 'openai-chat',
    rules: chatContent.assistantFields,
    body: (field, value) => ({ ...chat, messages: [{ role: 'assistant', content: 'a', [field]: value }] }),
    examples: {
      role: 'assistant',
      name: 'n',
      content: 'b',
      refusal: 'I cannot.',
      tool_calls: [chatCall],
      function_call: { name: 'f', arguments: '{}' },
      audio: { id: 'a' },
      annotations: [{ type: 'url_citation' }],
      reasoning_content: 'hm',
      reasoning: 'hm',
      reasoning_details: [{ type: 'reasoning.encrypted' }],
    },
  },
  {
    title: 'Messages of tools',
    from: 'openai-chat',
    rules: chatContent.toolFields,
    body: (field, value) => ({ ...chat, messages: [{ role: 'tool', content: 'a', [field]: value }] }),
    examples: { role: 'tool', name: 'n', tool_call_id: 'c', content: 'b' },
  },
  {
    title: 'Calls of tools',
    from: 'openai-chat',
    rules: chatTools.callFields,
    body: (field, value) => ({
      ...chat,
      messages: [{ role: 'assistant', tool_calls: [{ ...chatCall, [field]: value }] }],
    }),
    examples: {
      id: 'd',
      type: 'function',
      index: 0,
      function: { name: 'g', arguments: '{"a":1}' },
      custom: { name: 'g', input: 'a' },
    },
    silent: ['type', 'index'],
  },
  {
    title: 'Parts of the user’s content',
    from: 'openai-chat',
    rules: partRules(chatContent.userParts),
    body: chatParts('user'),
    examples: {
      text: { type: 'text', text: 'a' },
      image_url: { type: 'image_url', image_url: { url: data } },
      file: { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } },
      input_audio: { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
    },
    others: [['file', { type: 'file', file: { file_id: 'file-1' } }]],
  },
  {
    title: 'A part that is a picture',
    from: 'openai-chat',
    rules: rulesOf(chatContent.userParts, 'image_url'),
    body: chatUserPart({ type: 'image_url', image_url: { url: data } }),
    examples: {
      type: 'image_url',
      image_url: { url: 'https://example.test/a.png' },
      prompt_cache_breakpoint: breakpoint,
      cache_control: ephemeral,
    },
    others: [['image_url', { url: data, detail: 'high' }]],
    silent: ['type'],
  },
  {
    title: 'Parts of other content',
    from: 'openai-chat',
    rules: partRules(chatContent.plainParts),
    body: chatParts('assistant'),
    examples: { text: { type: 'text', text: 'a' }, refusal: { type: 'refusal', refusal: 'I cannot.' } },
  },
  {
    title: 'Tools',
    from: 'openai-chat',
    rules: chatTools.toolFields,
    body: (field, value) => ({ ...chat, tools: [{ ...chatTool, [field]: value }] }),
    examples: { type: 'function', function: { name: 'g' }, cache_control: ephemeral },
    silent: ['type'],
  },
  {
    title: 'Functions',
    from: 'openai-chat',
    rules: chatTools.functionFields,
    body: (field, value) => ({ ...chat, tools: [{ type: 'function', function: { name: 'f', [field]: value } }] }),
    examples: { name: 'g', description: 'd', parameters: { ...schema, required: [] }, strict: true },
  },
]
