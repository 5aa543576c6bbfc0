import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fillTemplate } from './template.ts'

test('fields stand where their names stood', () => {
  const template = 'Dear {{ name }},\n{{count}} of {{count}}.'
  expect(fillTemplate({ name: 'reply', template }, { name: 'Ana', count: 2 })).toBe('Dear Ana,\n2 of 2.')
})

test('a value never brings in another field, nor a replacement pattern', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom('{{b}}', '$&', '$1', '{{', '}}', "$'")), (a) => {
      expect(fillTemplate({ name: 'reply', template: '[{{a}}{{b}}]' }, { a, b: 'secret' })).toBe(`[${a}secret]`)
    }),
  )
})

test.each([
  ['{{c}}', { a: 'x' }],
  ['{{toString}}', { a: 'x' }],
  ['{{__proto__}}', { a: 'x' }],
  ['{{a}}', { a: null }],
  ['{{a}}', { a: { b: 'x' } }],
  ['{{a}}', ['x']],
  ['{{}}', { a: 'x' }],
  ['---\nconfig: {}\n---\nWrite a reply to {{a}}.', { a: 'x' }], // what a model is told would be sent to a customer
])('%s with %j is refused', (template, input) => {
  expect(() => fillTemplate({ name: 'reply', template }, input)).toThrow(
    expect.objectContaining({ code: 'model/bad-template' }),
  )
})
