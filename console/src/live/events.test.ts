import { expect, test } from 'vitest'
import { readEvent, staleBy } from './events.ts'

test('a change makes old what shows it, once, and a type from a newer server nothing', () => {
  const stale = staleBy([{ type: 'run' }, { type: 'run' }, { type: 'session' }, { type: 'of-tomorrow' }])
  expect([...stale].toSorted()).toEqual(['letters', 'overview', 'pipelines', 'run', 'runs', 'session'])
})

test('what is no event is no error', () => {
  expect([
    readEvent('{"type":"run","run":"run_1"}'),
    readEvent('['),
    readEvent('null'),
    readEvent('{"type":1}'),
  ]).toEqual([{ type: 'run', run: 'run_1' }, undefined, undefined, undefined])
})
