import { expect, test } from 'vitest'
import { type GraphStep, graphOf } from './pipeline-graph.ts'

const step = (name: string, began: number, ended: number | undefined, more: Partial<GraphStep> = {}): GraphStep => ({
  id: `step:${name}`,
  kind: 'step',
  name,
  began,
  ended,
  ms: ended === undefined ? undefined : ended - began,
  isFailed: false,
  ...more,
})
const edges = (...runs: Parameters<typeof graphOf>[0]): string[] =>
  graphOf(runs).edges.map(({ count, from, to }) => `${from.replace('step:', '')} > ${to.replace('step:', '')} ${count}`)

test('steps that ran beside each other hang on the same one before, and both lead to the next', () => {
  // Would catch a graph that draws Promise.all as a chain, in the order in which the answers came.
  const run = {
    state: 'succeeded',
    steps: [step('a', 0, 100), step('b', 100, 300), step('c', 101, 250), step('d', 300, 400)],
  }
  expect(edges(run, run)).toEqual(['began > a 2', 'a > b 2', 'a > c 2', 'b > d 2', 'c > d 2', 'd > succeeded 2'])
})

test('a run that waits leads to where it stands, one without steps from its beginning', () => {
  expect(
    edges({ state: 'open', steps: [step('a', 0, 10), step('w', 10, undefined)] }, { state: 'failed', steps: [] }),
  ).toEqual(['began > a 1', 'a > w 1', 'w > open 1', 'began > failed 1'])
})

test('counts, failures and the median are of the step, over all runs', () => {
  const of = (ms: number, isFailed = false) => ({ state: 'failed', steps: [step('a', 0, ms, { isFailed })] })
  expect(graphOf([of(1), of(5), of(900, true)]).nodes.find(({ id }) => id === 'step:a')).toEqual({
    id: 'step:a',
    kind: 'step',
    name: 'a',
    count: 3,
    failed: 1,
    median: 5,
  })
})
