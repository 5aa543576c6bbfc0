import { expect, test } from 'vitest'
import { modelList } from './model-list.ts'
import { anthropicClient, openaiClient } from './testing.ts'

const models = [
  { id: 'draft', created: 1_700_000_000 },
  { id: 'intent', created: 1_700_000_001 },
]

test('each official client lists the routes from its own form', async () => {
  const ids: string[] = []
  for await (const { id } of openaiClient(modelList('openai-chat', models)).models.list()) ids.push(id)
  for await (const { id, created_at } of anthropicClient(modelList('anthropic-messages', models)).models.list())
    ids.push(`${id} ${created_at}`)
  expect(ids).toEqual(['draft', 'intent', 'draft 2023-11-14T22:13:20.000Z', 'intent 2023-11-14T22:13:21.000Z'])
})

test('an empty list ends', async () => {
  for (const dialect of ['openai-chat', 'anthropic-messages'] as const)
    expect(JSON.parse(modelList(dialect, []))).toMatchObject({ data: [] })
  expect((await anthropicClient(modelList('anthropic-messages', [])).models.list()).data).toEqual([])
})
