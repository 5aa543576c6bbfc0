import { expect, test } from 'vitest'
import { commandsFor } from './commands.ts'

const places = [
  { to: '/', name: 'Overview', about: 'What runs did today' },
  { to: '/runs', name: 'Runs', about: 'Every run' },
]
const names = (text: string): string[] => commandsFor(text, places).map(({ name }) => name)

test('what begins with the text comes before what only mentions it, and a customer is always an answer', () => {
  expect(names('run')).toEqual(['Runs', 'Overview', 'Runs of “run”'])
  expect(names('')).toEqual(['Overview', 'Runs', 'Keys'])
  expect(commandsFor(' customer/42 ', places)).toEqual([
    { do: 'go', name: 'Runs of “customer/42”', about: 'By customer', to: '/runs', search: { entity: 'customer/42' } },
  ])
})

test('a pasted id opens its run, with the spaces that come along when it is copied', () => {
  const run = `run_${'0a'.repeat(16)}`
  expect(commandsFor(` ${run}\n`, places)[0]).toMatchObject({ do: 'go', to: `/runs/${run}` })
})
