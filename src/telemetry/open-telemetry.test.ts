import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTelemetry } from './open-telemetry.ts'
import { testCall } from './testing-calls.ts'

// A collector of our own on a real socket: OTLP over HTTP, as JSON.

let collector: Server
let received: { path: string; body: string; headers: Record<string, unknown> }[]
let url: string
beforeEach(async () => {
  received = []
  collector = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      received.push({ path: request.url ?? '', body: Buffer.concat(parts).toString(), headers: request.headers })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => void collector.listen(0, '127.0.0.1', () => resolve()))
  url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}` // it listens on TCP
})
afterEach(() => {
  collector.closeAllConnections()
  collector.close()
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name]
})

test('a call is a span with a child for each attempt, under its caller’s trace, and counts in the figures of its kind', async () => {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = url
  process.env['OTEL_EXPORTER_OTLP_HEADERS'] = 'x-token=s3cret'
  const telemetry = await openTelemetry(process.env)
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  telemetry?.observe(testCall({ traceparent, error: { code: 'model/upstream-timeout', kind: 'transport' } }))
  await telemetry?.close()
  const spans = received.find(({ path }) => path === '/v1/traces')
  expect(spans?.headers['x-token']).toBe('s3cret')
  expect(spans?.body).toContain('a'.repeat(32))
  expect(spans?.body).toContain('"parentSpanId":"' + 'b'.repeat(16))
  expect(spans?.body.match(/"name":"chat /g)?.length).toBe(2)
  for (const word of [
    'gen_ai.provider.name',
    'gen_ai.usage.input_tokens',
    'model/upstream-timeout',
    'millrace.attempt',
  ])
    expect(spans?.body).toContain(word)
  const metrics = received.find(({ path }) => path === '/v1/metrics')?.body
  expect(metrics).toContain('gen_ai.client.operation.duration')
  expect(metrics).toContain('gen_ai.client.token.usage')
})

test('a collector that is gone costs a call nothing, and the end of the process does not wait for it for long', async () => {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = 'http://127.0.0.1:1'
  const telemetry = await openTelemetry(process.env)
  for (let n = 0; n < 10_000; n++) telemetry?.observe(testCall())
  await telemetry?.close()
})

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:s3cret@collector'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 's3cret'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
])('a mistake in %s is told at the start, without its value', async (name, value) => {
  const asked = openTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: url, [name]: value })
  await expect(asked).rejects.toMatchObject({ code: 'server/bad-otlp', details: { variable: name } })
  await asked.catch((error: Error) => expect(error.message).not.toContain('s3cret'))
})

test('where no endpoint is set, or it is disabled, nothing of OpenTelemetry is loaded', async () => {
  expect(await openTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_SDK_DISABLED: 'true' })).toBeUndefined()
  const file = new URL('open-telemetry.ts', import.meta.url).pathname
  const script = `import { registerHooks } from 'node:module'
    registerHooks({ resolve: (name, context, next) => { if (name.startsWith('@opentelemetry')) console.log(name); return next(name, context) } })
    const { openTelemetry } = await import(${JSON.stringify(file)})
    console.log(await openTelemetry({}) === undefined)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  expect(stdout.trim()).toBe('true')
})
