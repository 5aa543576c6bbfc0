import type { PriceDeclaration } from '../src/sdk/costs.ts'

/** One nano-unit a token, whatever it is. */
export const unitPrices: readonly PriceDeclaration[] = ['small', 'large'].map((model) => ({
  provider: 'openai',
  model,
  currency: 'USD',
  from: '2020-01-01',
  input: '0.001',
  cacheRead: '0.001',
  cacheWrite: '0.001',
  cacheWriteLong: '0.001',
  output: '0.001',
  reasoning: '0.001',
}))
