import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { type Datatype, datatypes } from './datatype.ts'
import { framed, unframed } from './inference-frame.ts'
import { openInference, wireBody, withAddress } from './open-inference.ts'
import { BadTensor, elementsOf, tensorIn } from './tensor.ts'
import { bytesOf, dataText } from './tensor-bytes.ts'
import { objectOf, objectsOf, parsed } from './unknown-json.ts'

const whole = (bits: number, isSigned: boolean): fc.Arbitrary<unknown> =>
  fc.integer({ min: isSigned ? -(2 ** (bits - 1)) : 0, max: 2 ** (isSigned ? bits - 1 : bits) - 1 })
const long = (isSigned: boolean): fc.Arbitrary<unknown> => (isSigned ? fc.maxSafeInteger() : fc.maxSafeNat())
const finite = { noNaN: true, noDefaultInfinity: true } as const

/** Values that a type holds, and JSON writes. */
const values: Readonly<Record<Exclude<Datatype, 'FP16' | 'BF16'>, fc.Arbitrary<unknown>>> = {
  BOOL: fc.boolean(),
  UINT8: whole(8, false),
  UINT16: whole(16, false),
  UINT32: whole(32, false),
  UINT64: long(false),
  INT8: whole(8, true),
  INT16: whole(16, true),
  INT32: whole(32, true),
  INT64: long(true),
  FP32: fc.float(finite),
  FP64: fc.double(finite),
  BYTES: fc.string({ unit: 'grapheme' }),
}
const known = datatypes.filter((one): one is keyof typeof values => one !== 'FP16' && one !== 'BF16')
const tensor = fc.tuple(fc.constantFrom(...known), fc.array(fc.nat(4), { maxLength: 3 })).chain(([datatype, shape]) => {
  const length = shape.reduce((product, size) => product * size, 1)
  const data = fc.array(values[datatype], { minLength: length, maxLength: length })
  return data.map((elements) => ({ name: 'a', datatype, shape, data: elements }))
})

/** What it throws is the client's fault. */
function onlyRefuses(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (error instanceof BadTensor) return
    if (!isMillraceError(error)) throw error
    expect(error.status).toBe(400)
  }
}

test('what goes into binary data and back is the same, to the last digit', () => {
  fc.assert(
    fc.property(tensor, (one) => {
      const bytes = bytesOf(one)
      if (!bytes) throw new Error('it holds them all')
      const text = dataText(one, bytes, { elements: one.data.length, field: 'a' })
      const back = JSON.parse(text) as unknown[]
      expect(back.map((value) => (Object.is(value, -0) ? '-0' : value))).toEqual(
        one.data.map((value) => (Object.is(value, -0) ? '-0' : value)),
      )
    }),
  )
})

test('a request in binary data reads as the same one in JSON, and an answer becomes binary as a client reads it', () => {
  fc.assert(
    fc.property(fc.array(tensor, { minLength: 1, maxLength: 3 }), fc.array(fc.boolean()), (inputs, isBinary) => {
      const parts: Buffer[] = []
      const header = inputs.map(({ data, ...rest }, i) => {
        const bytes = isBinary[i] ? bytesOf({ ...rest, data }) : undefined
        if (!bytes) return { ...rest, data }
        parts.push(bytes)
        return { ...rest, parameters: { binary_data_size: bytes.length, own: 'kept' } }
      })
      const json = Buffer.from(
        JSON.stringify({ inputs: header, outputs: [{ name: 'a', parameters: { binary_data: true } }] }),
      )
      const told = unframed(Buffer.concat([json, ...parts]), String(json.length))
      const request = openInference.read(withAddress(told.json, { model: 'm' }))
      expect(objectsOf(request.json['inputs']).map((one, i) => tensorIn(one, String(i)))).toEqual(inputs.map(exact))
      expect(request.json['outputs']).toEqual([{ name: 'a', parameters: {} }])

      const answer = { model_name: 'm', outputs: inputs }
      const out = framed(Buffer.from(JSON.stringify(answer)), told.wish)
      if (!out) return
      const outputs = objectsOf(objectOf(parsed(out.body.subarray(0, out.header).toString()))?.['outputs'])
      let at = out.header
      for (const [i, output] of outputs.entries()) {
        const size = objectOf(output['parameters'])?.['binary_data_size']
        if (typeof size !== 'number') continue
        const bytes = out.body.subarray(at, (at += size))
        expect(bytes).toEqual(bytesOf(exact(inputs[i] ?? { name: '', datatype: 'BOOL', shape: [], data: [] })))
      }
      expect(at).toBe(out.body.length)
    }),
  )
})

/** As JSON has it: it knows no -0 when it writes. */
const exact = <T extends { readonly data: readonly unknown[] }>(one: T): T => ({
  ...one,
  data: one.data.map((value) => (value === 0 ? 0 : value)),
})

test('integers beyond a double keep their digits, in and out', () => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(-9_007_199_254_740_993n)
  expect(dataText({ name: 'a', datatype: 'INT64', shape: [1] }, bytes, { elements: 1, field: 'a' })).toBe(
    '[-9007199254740993]',
  )
  const answer =
    '{"outputs":[{"name":"a","datatype":"INT64","shape":[1],"data":[9007199254740993]},{"name":"b","datatype":"INT32","shape":[1],"data":[7]}]}'
  const out = framed(Buffer.from(answer), { unless: true, byName: new Map() })
  expect(out?.body.subarray(0, out.header).toString()).toContain('"data":[9007199254740993]')
  expect(out?.body.subarray(out.header)).toEqual(Buffer.from([7, 0, 0, 0]))
})

test.each<[string, readonly unknown[]]>([
  ['a product beyond any number', [1e200, 1e200]],
  ['too many elements', [2 ** 13, 2 ** 13]],
  ['a size below zero', [2, -1]],
  ['a size that is no whole number', [1.5]],
  ['a size that is no number', ['2']],
  ['no number at all', [Number.NaN]],
  ['infinitely many', [Infinity]],
  ['infinitely many times none', [0, Infinity]],
  ['too many dimensions', [1, 1, 1, 1, 1, 1, 1, 1, 1]],
])('a shape with %s is refused', (_, shape) => {
  expect(() => elementsOf(shape, 'a')).toThrow(BadTensor)
})

test.each<[string, object]>([
  ['fewer elements', { shape: [3], data: [1, 2] }],
  ['more elements', { shape: [1], data: [1, 2] }],
  ['deeper nesting', { shape: [1], data: [[1]] }],
  ['texts for numbers', { shape: [1], data: ['1'] }],
  ['a number that is null', { shape: [1], data: [null] }],
  ['an infinite one', { shape: [1], data: [Infinity] }],
  ['no data', { shape: [1] }],
  ['a type of another protocol', { datatype: 'float32', shape: [1], data: [1] }],
  ['no name', { name: '', shape: [1], data: [1] }],
])('a tensor with %s is refused', (_, more) => {
  expect(() => tensorIn({ name: 'a', datatype: 'FP32', ...more }, 'a')).toThrow(BadTensor)
})

test('nested as its shape or flat, a tensor is the same', () => {
  const common = { name: 'a', datatype: 'INT8', shape: [2, 2] }
  expect(
    tensorIn(
      {
        ...common,
        data: [
          [1, 2],
          [3, 4],
        ],
      },
      'a',
    ),
  ).toEqual(tensorIn({ ...common, data: [1, 2, 3, 4] }, 'a'))
})

test.each<[string, Datatype, Buffer]>([
  ['a length beyond the data', 'BYTES', Buffer.from([5, 0, 0, 0, 65])],
  ['a length of four gigabytes', 'BYTES', Buffer.from([255, 255, 255, 255, 65])],
  ['an end within a length', 'BYTES', Buffer.from([1, 0])],
  ['bytes after the last', 'BYTES', Buffer.from([0, 0, 0, 0, 1])],
  ['bytes that are no UTF-8', 'BYTES', Buffer.from([1, 0, 0, 0, 255])],
  ['a number too little', 'FP32', Buffer.alloc(3)],
  ['a number too many', 'FP32', Buffer.alloc(8)],
  ['no number', 'FP32', Buffer.from([0, 0, 0xc0, 0x7f])],
  ['an infinite number', 'FP32', Buffer.from([0, 0, 0x80, 0x7f])],
  ['a type that JSON does not have', 'FP16', Buffer.alloc(2)],
])('binary data with %s are refused', (_, datatype, bytes) => {
  expect(() => dataText({ name: 'a', datatype, shape: [1] }, bytes, { elements: 1, field: 'a' })).toThrow(BadTensor)
})

test('whatever bytes and lengths come: read, or refused with 400', () => {
  const size = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.constantFrom(1.5, 2 ** 53, '4', null))
  const input = fc.record({
    name: fc.constantFrom('a', '', 7),
    datatype: fc.oneof(fc.constantFrom<unknown>(...datatypes), fc.constant('X')),
    shape: fc.oneof(
      fc.array(fc.oneof(fc.integer({ min: -1, max: 9 }), fc.constant(1e300)), { maxLength: 3 }),
      fc.constant(null),
    ),
    parameters: fc.oneof(fc.record({ binary_data_size: size }), fc.constant(null), fc.constant([])),
  })
  const body = fc.record({
    inputs: fc.oneof(fc.array(input, { maxLength: 3 }), fc.json()),
    outputs: fc.oneof(fc.constant([]), fc.json()),
  })
  fc.assert(
    fc.property(body, fc.uint8Array({ maxLength: 60 }), fc.integer({ min: -3, max: 3 }), (json, data, off) => {
      const header = Buffer.from(JSON.stringify(json))
      onlyRefuses(() => {
        const { json: whole } = unframed(Buffer.concat([header, data]), String(header.length + (off === 3 ? 1 : 0)))
        const request = openInference.read(withAddress(whole, { model: 'm', version: '0f1e2d3c' }))
        const sent = objectOf(parsed(wireBody(openInference.bodyFor(request, { model: 'other' })).toString())) ?? {}
        expect(sent).not.toHaveProperty('model')
        expect(sent).not.toHaveProperty('model_version')
      })
    }),
    { numRuns: 500 },
  )
})

test('what asks for nothing binary is sent on byte for byte, but for spaces between its members', () => {
  const body =
    '{"id":"\\u0061","inputs":[ {"name":"a", "shape":[1],"datatype":"INT64","data":[12345678901234567890]} ],"own":1.0}'
  const request = openInference.read(withAddress(unframed(Buffer.from(body), undefined).json, { model: 'm' }))
  expect(wireBody(openInference.bodyFor(request, { model: 'other' })).toString()).toBe(body)
})

test('how sure a classifier is, is said by its least sure text, and only where its scores are probabilities', () => {
  const said = (scores: readonly number[]) =>
    openInference.saidIn({
      outputs: [
        { name: 'label', datatype: 'BYTES', shape: [2], data: ['a', 'b'] },
        { name: 'scores', datatype: 'FP32', shape: [2, 2], data: scores },
      ],
    })
  expect(said([0.9, 0.1, 0.3, 0.7])).toMatchObject({ text: 'a\nb', confidence: 0.7 })
  expect(said([5, -5, 0.3, 0.7])).not.toHaveProperty('confidence')
  const many = Array.from({ length: 300_000 }, () => 0.5)
  expect(
    openInference.saidIn({ outputs: [{ name: 'scores', datatype: 'FP32', shape: [1, 300_000], data: many }] }),
  ).toMatchObject({ confidence: 0.5 })
  expect(openInference.saidIn({ outputs: [{ name: 'embedding', datatype: 'FP32', shape: [1], data: [1] }] })).toBe(
    undefined,
  )
})
