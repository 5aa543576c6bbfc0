import { expect, test } from 'vitest'
import { needsOf } from './needs.ts'

const none = { items: 0, overdue: 0, queues: [], letters: 0, held: 0, paused: 0, pausedPipelines: [] }

test('nothing is listed that is zero, and what is late is red', () => {
  expect(needsOf({ needs: none })).toEqual([])
  const [items, pipelines] = needsOf({
    needs: {
      ...none,
      items: 2,
      overdue: 1,
      queues: [{ queue: 'money', items: 2, overdue: 1 }],
      pausedPipelines: ['desk'],
    },
  })
  expect(items).toMatchObject({ count: 2, tone: 'bad', note: '1 past their due time · money 2' })
  expect(pipelines).toMatchObject({ name: 'paused pipeline', note: 'desk: takes no new runs' })
})
