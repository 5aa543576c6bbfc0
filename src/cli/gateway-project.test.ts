import { describe, expect, test } from 'vitest'
import { gatewayProject, priceOption, routeOption, targetOption } from './gateway-project.ts'

describe('where a route leads', () => {
  test('the model is what follows the version, or the last part of the address', () => {
    const at = (text: string) => targetOption(text)
    const local = { provider: 'openai-compatible', url: 'http://127.0.0.1:9001/v1' }
    expect(at('http://127.0.0.1:9001/v1/small')).toEqual({ ...local, model: 'small' })
    expect(at('http://127.0.0.1:9001/v1/meta-llama/Llama-3')).toEqual({ ...local, model: 'meta-llama/Llama-3' })
    expect(at('http://127.0.0.1:9001/meta-llama%2FLlama-3')).toMatchObject({
      url: 'http://127.0.0.1:9001',
      model: 'meta-llama/Llama-3',
    })
    expect(at('https://api.openai.com/v1/gpt-5')).toMatchObject({ provider: 'openai' })
    expect(at('anthropic:http://127.0.0.1:9001/v1/calm')).toEqual({
      provider: 'anthropic',
      url: 'http://127.0.0.1:9001',
      model: 'calm',
    })
    for (const address of ['http://127.0.0.1:8000/v2/models/e5', 'http://127.0.0.1:8000/e5'])
      expect(at(`kserve-v2:${address}`)).toEqual({ provider: 'kserve-v2', url: 'http://127.0.0.1:8000', model: 'e5' })
  })

  test('what is no address, or names no model, is refused', () => {
    for (const wrong of ['small', 'ftp://a/b', 'http://127.0.0.1:9001', 'http://127.0.0.1:9001/v1/%zz'])
      expect(() => targetOption(wrong)).toThrow(/no URL\/MODEL|names no model|not encoded/)
  })

  test('a fallback is an address of its own, or another model at the same one', () => {
    const [route] = routeOption('a=http://x/v1/one,two,anthropic:http://y/three')
    expect(route?.targets.map(({ model, provider, url }) => `${provider} ${url} ${model}`)).toEqual([
      'openai-compatible http://x/v1 one',
      'openai-compatible http://x/v1 two',
      'anthropic http://y three',
    ])
  })
})

describe('the project', () => {
  test('gives every model a price: a budget must never seem to hold because calls cost nothing', () => {
    const route = [...routeOption('a=http://x/v1/one,two'), ...routeOption('b=http://x/v1/one')]
    const { settings } = gatewayProject({ route, price: priceOption('two=0.5/2') })
    expect(settings.prices?.map(({ input, model, output }) => [model, input, output])).toEqual([
      ['one', '1', '4'],
      ['two', '0.5', '2'],
    ])
  })

  test('leaves a known model its known price', () => {
    const { settings } = gatewayProject({ route: routeOption('a=https://api.openai.com/v1/gpt-4o-mini') })
    expect(settings.prices).toEqual([])
  })

  test('stands budgets below each other and holds calls against the last', () => {
    const budget = [
      { name: 'all', value: '10' },
      { name: 'team', value: '5' },
    ]
    const { settings } = gatewayProject({ route: routeOption('a=http://x/v1/one'), budget })
    expect(settings.budgets?.map(({ id, parent }) => [id, parent])).toEqual([
      ['all', undefined],
      ['team', 'all'],
    ])
    expect(settings.gateway?.budgets).toEqual(['team'])
  })
})
