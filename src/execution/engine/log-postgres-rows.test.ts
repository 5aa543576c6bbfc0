import { createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mainTenant, mintId } from '../../core/ids.ts'
import { canonicalJson, type Json } from '../../core/json.ts'
import { seededRandom } from '../../core/random.ts'
import { bodyText, openBody, type RowBody, sealRow } from './log-postgres-rows.ts'
import type { NewRow } from './ports.ts'

const random = seededRandom('rows')
const text = fc.string({ unit: 'grapheme' })
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as Json)
const factor = fc.record({ kind: fc.constantFrom('model', 'rules', 'policy'), digest: text, name: text })
const body = fc.record(
  {
    k: text,
    a: text,
    e: fc.record(
      {
        confidence: fc.double({ noNaN: true, min: 0, max: 1 }),
        cost: fc.nat(),
        detail: json,
        factors: fc.array(factor),
      },
      { requiredKeys: [] },
    ),
    s: fc.oneof(
      fc.record({ ok: json }),
      fc.record({ error: fc.record({ code: text, message: text }) }),
      fc.constant({ timedOut: true }),
    ),
  },
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<RowBody>

test('the template writes exactly what RFC 8785 asks for (L9)', () => {
  fc.assert(
    fc.property(body, (plain) => {
      expect(bodyText(mainTenant, plain)).toBe(canonicalJson(plain as unknown as Json))
    }),
  )
})

const sealed = (row: Partial<NewRow>) => {
  const key = createSecretKey(randomBytes(32))
  const [run, writer] = [mintId('run', 1e12, random), mintId('wri', 1e12, random)]
  const base = { run, writer, seq: 0, key: '/act:pay#0', kind: 'act', phase: 'end', outcome: 'done', at: 1e12 } as const
  const made = sealRow({ tenant: mainTenant, month: 200109, key, linked: new Set() }, { ...base, ...row }, random)
  return { key, made }
}

test('a row that JSON cannot hold is written all the same: its attempt would be repeated for ever', () => {
  const { key, made } = sealed({ evidence: { confidence: Number.NaN, detail: { half: '\ud800' } } })
  expect(openBody(key, made.body).e).toEqual({ confidence: null, detail: { half: '\ufffd' } })
  expect(made.leaf.toString()).not.toContain('confidence')
})

test('the leaf holds neither the key nor the arguments, and the commitment binds both (L7, E17)', () => {
  const { key, made } = sealed({ key: '/act:pay:jane@example.com#0', argumentsDigest: 'd'.repeat(64) })
  expect(made.leaf.toString()).not.toMatch(/jane|d{64}/)
  expect(openBody(key, made.body)).toEqual({ k: '/act:pay:jane@example.com#0', a: 'd'.repeat(64) })
})
