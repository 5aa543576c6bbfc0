import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, type Json } from './json.ts'
import { seededRandom } from './random.ts'
import { commitmentOf, seal, unseal } from './seal.ts'

const key = createSecretKey(randomBytes(32))
const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>

test('what is sealed is opened again, and its commitment can be checked from the inside', () => {
  fc.assert(
    fc.property(json, fc.integer(), (value, seed) => {
      const sealed = seal(key, value, seededRandom(seed))
      expect(canonicalJson(unseal(key, sealed.body))).toBe(canonicalJson(value))
      expect(commitmentOf(key, sealed.body)).toBe(sealed.commitment)
    }),
  )
})

test('the commitment is HMAC-SHA-256 of RFC 2104, not a look-alike', () => {
  const random = seededRandom('salt')
  const salt = seededRandom('salt').bytes(28).subarray(12)
  expect(seal(key, { a: 1 }, random).commitment).toBe(createHmac('sha256', salt).update('{"a":1}').digest('hex'))
})

test('one altered bit anywhere in the body is refused', () => {
  const { body } = seal(key, { amount: 12 }, seededRandom(1))
  for (let i = 0; i < body.length; i++) {
    const altered = Buffer.from(body)
    altered[i] = (altered[i] ?? 0) ^ 1
    expect(() => unseal(key, altered)).toThrow()
  }
})

test('the same value sealed twice has two commitments: equal secrets cannot be seen', () => {
  const random = seededRandom(2)
  expect(seal(key, 'yes', random).commitment).not.toBe(seal(key, 'yes', random).commitment)
})
