import { expect, test } from 'vitest'
import { CallMeter } from './call-meter.ts'
import { expose } from './exposition.ts'
import { testCall } from './testing-calls.ts'

test('calls are told with who answered, at what cost, and no name that a client made up', () => {
  const meter = new CallMeter()
  meter.observe(testCall({ firstContent: 30 }))
  meter.observe(
    testCall({
      route: 'nobody-knows-this',
      status: 404,
      attempts: [],
      error: { code: 'model/no-such-route', kind: 'semantic' },
    }),
  )
  const text = expose(meter.metrics([]))
  expect(text).toContain(
    'millrace_model_calls_total{route="drafts",dialect="openai-chat",provider="openai",model="small",status="2xx"} 1',
  )
  expect(text).toContain('millrace_model_cost_total{route="drafts",model="small",currency="USD"} 0.001')
  expect(text).toContain(
    'millrace_model_first_content_seconds_bucket{route="drafts",dialect="openai-chat",model="small",le="0.05"} 1',
  )
  expect(text).toContain('code="model/no-such-route"')
  expect(text).not.toContain('nobody-knows-this')
})

test('names beyond the bound are counted together: a flood of tasks and models takes no memory', () => {
  const meter = new CallMeter()
  for (let n = 0; n < 3000; n++) meter.observe(testCall({ route: `route-${n}` }))
  const lines = expose(meter.metrics([]))
    .split('\n')
    .filter((line) => line.startsWith('millrace_model_calls_total{'))
  expect(lines.length).toBeLessThan(2000)
  expect(lines.some((line) => line.includes('route="other"'))).toBe(true)
})
