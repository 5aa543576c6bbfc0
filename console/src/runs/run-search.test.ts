import { expect, test } from 'vitest'
import { runSearch } from './run-search.ts'

test('an address filters by what it says, and what makes no sense filters nothing', () => {
  expect(runSearch({ status: 'paused', pipeline: 'desk', entity: 42, held: true })).toEqual({
    status: 'paused',
    pipeline: 'desk',
    entity: '42',
    held: true,
  })
  expect(runSearch({ status: 'sleeping', pipeline: '', entity: {}, held: 'yes' })).toEqual({})
})
