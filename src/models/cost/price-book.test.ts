import { calcPrice } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nanoOf, showMoney } from '../../core/money.ts'
import { costOf } from './price.ts'
import { PriceBook } from './price-book.ts'
import { contextOf, noUsage, type Usage } from './usage.ts'

const at = Date.parse('2026-11-01T00:00:00Z')
const declared = { provider: 'openai', model: 'gpt-5', from: '2026-10-01', currency: 'USD', input: '2', output: 20 }

test('an amount is read exactly, and rounded up below a nano-unit: a float would lose both', () => {
  expect(nanoOf(0.1)).toBe(100_000_000n)
  expect(nanoOf('1.25')).toBe(1_250_000_000n)
  expect(nanoOf(1e-9)).toBe(1n)
  expect(nanoOf('0.0000000001')).toBe(1n)
  expect(nanoOf(0)).toBe(0n)
  for (const bad of [-1, Number.NaN, Infinity, '', '1,5', '1e3', ' 1', '.5']) expect(nanoOf(bad)).toBeUndefined()
  expect(showMoney(3_100_000n, 'USD')).toBe('0.0031 USD')
  expect(showMoney(-12_000_000_000n, 'EUR')).toBe('-12.00 EUR')
})

test('what nobody has priced is unknown, never zero (C6): models, providers, and sound that tokens cannot tell', () => {
  const book = new PriceBook()
  for (const [provider, model] of [
    ['openai', 'no-such-model'],
    ['my-vllm', 'gpt-4o'],
    ['openai', 'gpt-image-1'],
    ['google', 'gemini-2.5-flash'],
  ] as const)
    expect(book.priceOf({ provider, model, at })).toBeUndefined()
  const free = { provider: 'my-vllm', model: 'gpt-4o', from: '2026-01-01', currency: 'USD', input: 0, output: 0 }
  const price = new PriceBook([free]).priceOf({ provider: 'my-vllm', model: 'gpt-4o', at })
  expect(price && costOf(price, { ...noUsage, input: 5, output: 5 })).toBe(0n)
})

test.each([
  ['openai', 'gpt-5'],
  ['openai', 'gpt-5.5'],
  ['openai', 'text-embedding-3-small'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['anthropic', 'claude-haiku-4-5-20251001'],
  ['deepseek', 'deepseek-chat'],
])('%s %s costs what the package computes, to the rounding of each line', (provider, model) => {
  const price = new PriceBook().priceOf({ provider, model, at })
  if (!price) throw new Error('unknown')
  expect(price.version).toMatch(/^genai-prices@\d+\.\d+\.\d+\/[0-9a-f]{12}$/)
  const tokens = fc.nat(400_000)
  const hasOutput = price.standard.base.output !== undefined
  fc.assert(
    fc.property(tokens, tokens, tokens, tokens, (input, cacheRead, cacheWrite, output) => {
      const usage: Usage = {
        ...noUsage,
        input,
        cacheRead,
        cacheWrite: provider === 'anthropic' ? cacheWrite : 0,
        output: hasOutput ? output : 0,
      }
      const theirs = calcPrice(
        {
          input_tokens: contextOf(usage),
          cache_read_tokens: usage.cacheRead,
          ...(usage.cacheWrite > 0 && { cache_write_tokens: usage.cacheWrite }),
          output_tokens: usage.output,
        },
        model,
        { providerId: provider, timestamp: new Date(at) },
      )
      const ours = costOf(price, usage)
      expect(Math.abs(Number(ours) / 1e9 - (theirs?.total_price ?? Number.NaN))).toBeLessThan(1e-7)
    }),
  )
})

test('a declared price goes before the package’s from its moment on, and the next one after it', () => {
  const book = new PriceBook([{ ...declared, from: '2026-11-02T12:00:00+02:00', input: '3' }, declared])
  const input = (when: string): bigint | undefined =>
    book.priceOf({ provider: 'openai', model: 'gpt-5', at: Date.parse(when) })?.standard.base.input
  expect(input('2026-09-30T23:59:59.999Z')).toBe(1_250_000_000n)
  expect(input('2026-10-01T00:00:00Z')).toBe(2_000_000_000n)
  expect(input('2026-11-02T09:59:59.999Z')).toBe(2_000_000_000n)
  expect(input('2026-11-02T10:00:00Z')).toBe(3_000_000_000n)
})

test('the same words are the same version, and other words another: an old settlement can be computed again', () => {
  const version = (one: object): string | undefined =>
    new PriceBook([one]).priceOf({ provider: 'openai', model: 'gpt-5', at })?.version
  expect(version(declared)).toBe(version({ ...declared, input: 2 }))
  expect(version(declared)).not.toBe(version({ ...declared, cacheRead: 1 }))
  expect(version(declared)).not.toBe(version({ ...declared, tiers: { flex: { input: 1, output: 1 } } }))
})

test.each([
  [{ ...declared, input: -1 }, /decimal number/],
  [{ ...declared, from: 'yesterday' }, /from/],
  [{ ...declared, currency: 'dollar' }, /currency/],
  [{ ...declared, imput: 3 }, /imput/],
])('a declaration that cannot be read is refused, and says where: %j', (bad, why) => {
  expect(() => new PriceBook([bad])).toThrow(why)
})

test('two prices of a model that begin at the same moment are refused: which one holds would be chance', () => {
  expect(() => new PriceBook([declared, { ...declared, input: 9 }])).toThrow(/same moment/)
})
