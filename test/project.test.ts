import { expect, test } from 'vitest'
import config from '../millrace.config.ts'
import { problemsOf } from '../src/sdk/models.ts'

// The project's own settings: what drafts replies is the environment's to say, and nothing else of it may change with that.

test.each<[string, Record<string, string>, object | undefined]>([
  ['nothing: the canned replies answer', {}, undefined],
  [
    'a server of one’s own, before any key',
    { MILLRACE_LLM_URL: 'http://127.0.0.1:8080/v1', MILLRACE_LLM_MODEL: 'llama', OPENAI_API_KEY: 'x' },
    { provider: 'openai-compatible', url: 'http://127.0.0.1:8080/v1', model: 'llama', keys: [] },
  ],
  [
    'that wants a key',
    { MILLRACE_LLM_URL: 'http://127.0.0.1:8080/v1', MILLRACE_LLM_MODEL: 'llama', MILLRACE_LLM_KEY: 'x' },
    { keys: ['env:MILLRACE_LLM_KEY'] },
  ],
  ['a key of OpenAI', { OPENAI_API_KEY: 'x' }, { provider: 'openai', keys: ['env:OPENAI_API_KEY'] }],
  [
    'a key of Anthropic, and a model of choice',
    { ANTHROPIC_API_KEY: 'x', MILLRACE_LLM_MODEL: 'claude-sonnet-4-5' },
    { provider: 'anthropic', model: 'claude-sonnet-4-5', keys: ['env:ANTHROPIC_API_KEY'] },
  ],
])('%s', (_what, env, writer) => {
  const { models, routes } = config.settings(env)
  expect(problemsOf({ routes, ...(models && { models }) })).toEqual([])
  expect(routes['draft']).toEqual(writer === undefined ? { template: true } : { targets: ['writer'] })
  if (writer === undefined) expect(models).toBeUndefined()
  else expect(models?.['writer']).toMatchObject(writer)
  expect(JSON.stringify(models ?? {})).not.toContain('"x"') // no key itself
})

test('a server without its model’s name is told at the start, not at the first mail', () => {
  expect(() => config.settings({ MILLRACE_LLM_URL: 'http://127.0.0.1:8080/v1' })).toThrow(/MILLRACE_LLM_MODEL: /)
})
