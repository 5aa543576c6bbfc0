import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, sha256 } from './json.ts'
import { type Leaf, leafBytes, leafHash } from './lineage.ts'

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length })
const leaf = fc.record({
  run: hex(32).map((h) => `run_${h}`),
  seq: fc.nat(4096),
  phase: fc.constantFrom('intent', 'open', 'end', 'try3'),
  kind: fc.constantFrom('classify', 'act', 'run'),
  key: fc.option(fc.string(), { nil: undefined }),
  outcome: fc.constantFrom('pending', 'done', 'timed-out'),
  at: fc.nat(2 ** 41),
  writer: hex(32).map((h) => `wri_${h}`),
  commitment: fc.option(hex(64), { nil: undefined }),
  factors: fc.option(
    fc.array(
      hex(32).map((h) => `fac_${h}`),
      { maxLength: 4 },
    ),
    { nil: undefined },
  ),
  confidence: fc.option(
    fc.double({ min: 0, max: 1, noNaN: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
    { nil: undefined },
  ),
  cost: fc.option(fc.nat(), { nil: undefined }),
  ms: fc.option(fc.nat(), { nil: undefined }),
  rows: fc.option(fc.nat(4096), { nil: undefined }),
}) as unknown as fc.Arbitrary<Leaf>

test('the template writes exactly what RFC 8785 asks for (L9)', () => {
  fc.assert(
    fc.property(leaf, (value) => {
      const { factors, key, ...rest } = value
      const plain = { ...rest, ...(key !== undefined && { key: sha256(key) }), ...(factors?.length ? { factors } : {}) }
      expect(leafBytes(value).toString('latin1')).toBe(`\u0001${canonicalJson(plain)}`)
    }),
  )
})

test('a leaf never holds the step key, which may carry an author’s text (L7)', () => {
  const bytes = leafBytes({
    run: 'run_0',
    seq: 0,
    phase: 'end',
    kind: 'act',
    key: 'act:pay[jane@example.com]#0',
    outcome: 'done',
    at: 1,
    writer: 'wri_0',
  } as unknown as Leaf)
  expect(bytes.toString()).not.toContain('jane')
})

test('the hash is RFC 6962’s leaf hash', () => {
  expect(leafHash(Buffer.from('a')).toString('hex')).toBe(sha256(Buffer.from([0, 0x61])))
})
