import * as messageContent from '../messages-to-chat-content.ts'
import * as messageTools from '../messages-to-chat-tools.ts'
import { messageFields, outputFields } from '../messages-to-chat.ts'
import { partRules, type RequestSection, rulesOf } from './section.ts'

const hello = { role: 'user', content: 'hello' }
const message = { model: 'm', max_tokens: 9, messages: [hello] }
const toolUse = { type: 'tool_use', id: 'c', name: 'f', input: {} }
const ephemeral = { type: 'ephemeral' }
const messageTool = { name: 'f', input_schema: { type: 'object' } }
const schema = { type: 'object', properties: {} }
const withTools = (field: string): boolean => field === 'tool_choice' || field === 'parallel_tool_calls'
const messageUserPart = (base: object) => (field: string, value: unknown) => ({
  ...message,
  messages: [{ role: 'user', content: [{ ...base, [field]: value }] }],
})
const pdf = { type: 'base64', media_type: 'application/pdf', data: 'AAAA' }

/** What becomes of a request of Anthropic's messages before OpenAI's chat. */
export const messageSections: readonly RequestSection[] = [
  {
    title: 'Request',
    from: 'anthropic-messages',
    rules: messageFields,
    body: (field, value) => ({ ...message, ...(withTools(field) && { tools: [messageTool] }), [field]: value }),
    examples: {
      model: 'other',
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'other' }],
      max_tokens: 5,
      stream: true,
      stop_sequences: ['END'],
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      tools: [messageTool],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      output_config: { effort: 'high' },
      thinking: { type: 'enabled', budget_tokens: 2000 },
      metadata: { user_id: 'u' },
      service_tier: 'standard_only',
      speed: 'fast',
      inference_geo: 'us',
      cache_control: ephemeral,
      container: 'c',
      mcp_servers: [{ type: 'url', url: 'https://example.test' }],
      context_management: {},
      diagnostics: {},
      user_profile_id: 'p',
      workspace_id: 'w',
    },
    others: [
      ['stop_sequences', ['A', 'B', 'C', 'D', 'E']],
      ['tools', [{ type: 'web_search_20250305', name: 'web_search' }]],
      ['tools', [{ type: 'bash_20250124', name: 'bash' }]],
      ['thinking', { type: 'disabled' }],
      ['speed', 'standard'],
    ],
  },
  {
    title: '`output_config`',
    from: 'anthropic-messages',
    rules: outputFields,
    body: (field, value) => ({ ...message, output_config: { [field]: value } }),
    examples: { effort: 'low', format: { type: 'json_schema', schema } },
  },
  {
    title: 'Parts of the user’s content',
    from: 'anthropic-messages',
    rules: partRules(messageContent.userParts),
    body: (_, part) => ({ ...message, messages: [{ role: 'user', content: [part] }] }),
    examples: {
      text: { type: 'text', text: 'a' },
      image: { type: 'image', source: { type: 'url', url: 'https://example.test/a.png' } },
      document: { type: 'document', source: pdf },
      search_result: { type: 'search_result', source: 's', title: 't', content: [] },
      container_upload: { type: 'container_upload', file_id: 'f' },
    },
  },
  {
    title: 'A part that is a text',
    from: 'anthropic-messages',
    rules: rulesOf(messageContent.userParts, 'text'),
    body: messageUserPart({ type: 'text', text: 'a' }),
    examples: { type: 'text', text: 'b', cache_control: ephemeral, citations: [{ type: 'char_location' }] },
    silent: ['type'],
  },
  {
    title: 'A part that is a picture',
    from: 'anthropic-messages',
    rules: rulesOf(messageContent.userParts, 'image'),
    body: messageUserPart({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }),
    examples: {
      type: 'image',
      source: { type: 'url', url: 'https://example.test/a.png' },
      transformations: {},
      cache_control: ephemeral,
    },
    others: [['source', { type: 'file', file_id: 'f' }]],
    silent: ['type'],
  },
  {
    title: 'A part that is a document',
    from: 'anthropic-messages',
    rules: rulesOf(messageContent.userParts, 'document'),
    body: messageUserPart({ type: 'document', source: pdf }),
    examples: {
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: 'a' },
      title: 't',
      context: 'c',
      citations: { enabled: true },
      cache_control: ephemeral,
    },
    others: [
      ['source', pdf],
      ['source', { type: 'url', url: 'https://example.test/a.pdf' }],
    ],
    silent: ['type'],
  },
  {
    title: 'Parts of the assistant’s content',
    from: 'anthropic-messages',
    rules: Object.fromEntries(
      Object.entries(messageContent.assistantParts).map(([type, rule]) => [
        type,
        typeof rule === 'string' ? { fate: 'mapped', says: rule, carry: () => undefined } : rule,
      ]),
    ),
    body: (_, part) => ({ ...message, messages: [{ role: 'assistant', content: [part] }] }),
    examples: {
      text: { type: 'text', text: 'a' },
      tool_use: toolUse,
      thinking: { type: 'thinking', thinking: 'hm', signature: 's' },
      redacted_thinking: { type: 'redacted_thinking', data: 'x' },
    },
  },
  {
    title: 'Calls of tools',
    from: 'anthropic-messages',
    rules: messageTools.callFields,
    body: (field, value) => ({
      ...message,
      messages: [{ role: 'assistant', content: [{ ...toolUse, [field]: value }] }],
    }),
    examples: {
      type: 'tool_use',
      id: 'd',
      name: 'g',
      input: { a: 1 },
      caller: { type: 'code_execution_20260120' },
      toolset_name: 's',
      cache_control: ephemeral,
    },
    others: [['caller', { type: 'direct' }]],
    silent: ['type'],
  },
  {
    title: 'Results of tools',
    from: 'anthropic-messages',
    rules: messageContent.resultFields,
    body: messageUserPart({ type: 'tool_result', tool_use_id: 'c', content: 'a' }),
    examples: {
      type: 'tool_result',
      tool_use_id: 'd',
      content: [{ type: 'text', text: 'b' }],
      is_error: true,
      toolset_name: 's',
      cache_control: ephemeral,
    },
    others: [['is_error', false]],
    silent: ['type'],
  },
  {
    title: 'Parts of a result',
    from: 'anthropic-messages',
    rules: partRules(messageContent.resultParts),
    body: (_, part) => ({
      ...message,
      messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: [part] }] }],
    }),
    examples: {
      text: { type: 'text', text: 'a' },
      image: { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
      document: { type: 'document', source: pdf },
      search_result: { type: 'search_result', source: 's', title: 't', content: [] },
      tool_reference: { type: 'tool_reference', tool_name: 'f' },
    },
  },
  {
    title: 'Tools',
    from: 'anthropic-messages',
    rules: messageTools.toolFields,
    body: (field, value) => ({ ...message, tools: [{ ...messageTool, [field]: value }] }),
    examples: {
      type: 'custom',
      name: 'g',
      description: 'd',
      input_schema: schema,
      strict: true,
      input_examples: [{}],
      cache_control: ephemeral,
      defer_loading: true,
      eager_input_streaming: true,
      allowed_callers: ['direct'],
    },
    others: [['type', 'bash_20250124']],
    silent: ['type'],
  },
]
