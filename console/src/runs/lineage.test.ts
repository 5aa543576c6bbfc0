import { expect, test } from 'vitest'
import { type LineageStep, lineageOf } from './lineage.ts'

const step = (key: string, began: number, ended: number | undefined, factors: readonly string[] = []): LineageStep => ({
  key,
  kind: 'step',
  resource: key,
  state: ended === undefined ? 'waiting' : 'done',
  began,
  ended,
  factors: factors.map((name) => ({ kind: 'model', name, digest: name })),
})
const steps = [
  step('a', 0, 100, ['m']),
  step('b', 100, 200),
  step('c', 200, 300, ['n']),
  step('beside', 210, 290),
  step('d', 300, 400),
  step('e', 400, 500),
  step('f', 500, undefined),
]
const edges = (key: string): string[] => lineageOf(key, steps, 'run_1').edges.map(({ from, to }) => `${from} > ${to}`)

test('two hops back with what took part in them, two hops on, and nothing that ran beside', () => {
  expect(edges('c').toSorted()).toEqual(['a > b', 'b > c', 'c > d', 'd > e', 'model m > a', 'model n > c'])
})

test('the first step has nothing before it, an unknown one nothing at all', () => {
  expect(edges('a')).toEqual(['model m > a', 'a > b', 'model n > c', 'b > c', 'b > beside'])
  expect(lineageOf('z', steps, 'run_1')).toEqual({ nodes: [], edges: [] })
})
