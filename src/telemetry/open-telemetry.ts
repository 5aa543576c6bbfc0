import type { Attributes, Context, Histogram, Tracer } from '@opentelemetry/api'
import type { Millis } from '../core/clock.ts'
import { type MeasuredAttempt, type MeasuredCall, type MeasuredUsage, modelOf } from './measured-call.ts'
import { type Environment, isOtlpAsked } from './otlp-settings.ts'

/** What is not sent by then at the end of the process is lost. */
const longestClose: Millis = 3000
/** Spans that wait for a collector; more are dropped. */
const mostSpans = 4096

/** Buckets as the GenAI conventions advise them. */
const tokenBuckets = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
]
const secondBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]

export interface OpenTelemetry {
  observe(call: MeasuredCall): void
  close(): Promise<void>
}

/**
 * Spans and metrics of model calls by the GenAI conventions of OpenTelemetry, over OTLP (HTTP, JSON), where the standard variables name an endpoint;
 * undefined where they do not, and nothing is loaded then. A span is made when its call has ended, with the times that it had: a collector that is
 * slow or gone never holds a call. No words of a call, no entity, no person. Errors: `server/bad-otlp`.
 */
export async function openTelemetry(env: Environment): Promise<OpenTelemetry | undefined> {
  if (!isOtlpAsked(env)) return undefined
  const [api, trace, metrics, resources, spansOut, metricsOut] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
  ])
  const named = resources.resourceFromAttributes({ 'service.name': env['OTEL_SERVICE_NAME'] ?? 'millrace' })
  const resource = resources.detectResources({ detectors: [resources.envDetector] }).merge(named)
  const spans = new trace.TracerProvider({
    resource,
    spanProcessors: [
      new trace.BatchSpanProcessor({ exporter: new spansOut.OTLPTraceExporter(), maxQueueSize: mostSpans }),
    ],
  })
  const meters = new metrics.MeterProvider({
    resource,
    readers: [new metrics.PeriodicExportingMetricReader({ exporter: new metricsOut.OTLPMetricExporter() })],
  })
  const meter = meters.getMeter('millrace')
  const histogram = (name: string, unit: string, description: string, boundaries: number[]): Histogram =>
    meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: boundaries } })
  const figures = {
    tokens: histogram('gen_ai.client.token.usage', '{token}', 'Tokens of a call, by kind.', tokenBuckets),
    duration: histogram('gen_ai.client.operation.duration', 's', 'How long a call took.', secondBuckets),
    first: histogram(
      'gen_ai.client.operation.time_to_first_chunk',
      's',
      'How long a stream took to its first content.',
      secondBuckets,
    ),
  }
  const tracer = spans.getTracer('millrace')
  return {
    observe(call) {
      measure(figures, call)
      spansOf(api, tracer, call)
    },
    async close() {
      const end = Promise.allSettled([spans.shutdown(), meters.shutdown()])
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, longestClose).unref())])
    },
  }
}

type Api = typeof import('@opentelemetry/api')

function measure(
  figures: { readonly tokens: Histogram; readonly duration: Histogram; readonly first: Histogram },
  call: MeasuredCall,
): void {
  const common = { ...askedOf(call), ...(call.error && { 'error.type': call.error.code }) }
  figures.duration.record(call.total / 1000, common)
  if (call.firstContent !== undefined) figures.first.record(call.firstContent / 1000, common)
  if (!call.usage) return
  figures.tokens.record(inputOf(call.usage), { ...common, 'gen_ai.token.type': 'input' })
  figures.tokens.record(call.usage.output + call.usage.reasoning, { ...common, 'gen_ai.token.type': 'output' })
}

function spansOf(api: Api, tracer: Tracer, call: MeasuredCall): void {
  const { attempts, cache, drawn, error, id, routeVersion, startedAt, total } = call
  const operation = operationOf(call)
  const span = tracer.startSpan(
    `${operation} ${call.route}`,
    {
      kind: api.SpanKind.CLIENT,
      startTime: startedAt,
      attributes: {
        ...askedOf(call),
        ...(call.usage && usageOf(call.usage)),
        'millrace.call': id,
        'millrace.route.version': routeVersion,
        ...(drawn && { 'millrace.arm': drawn.arm }),
        ...(cache && { 'millrace.cache': cache.kind }),
      },
    },
    parentOf(api, call.traceparent),
  )
  if (error) fail(api, span, error.code)
  const within = api.trace.setSpan(api.ROOT_CONTEXT, span)
  for (const attempt of attempts) attemptSpan(api, tracer, within, operation, attempt)
  span.end(startedAt + total)
}

function attemptSpan(api: Api, tracer: Tracer, within: Context, operation: string, attempt: MeasuredAttempt): void {
  const { error, firstContent, kind, model, provider, startedAt, total, usage, version } = attempt
  const attributes: Attributes = {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': provider,
    'gen_ai.request.model': model,
    ...(usage && usageOf(usage)),
    ...(firstContent !== undefined && { 'gen_ai.response.time_to_first_chunk': firstContent / 1000 }),
    'millrace.attempt': kind,
    'millrace.model.version': version,
  }
  const span = tracer.startSpan(
    `${operation} ${model}`,
    { kind: api.SpanKind.CLIENT, startTime: startedAt, attributes },
    within,
  )
  if (error !== undefined) fail(api, span, error)
  span.end(startedAt + total)
}

function fail(api: Api, span: ReturnType<Tracer['startSpan']>, code: string): void {
  span.setAttribute('error.type', code)
  span.setStatus({ code: api.SpanStatusCode.ERROR })
}

/** What every figure of a call is told apart by: names of the project and of enumerations. */
function askedOf(call: MeasuredCall): Attributes {
  const { provider } = modelOf(call)
  return {
    'gen_ai.operation.name': operationOf(call),
    ...(provider !== '' && { 'gen_ai.provider.name': provider }),
    'gen_ai.request.model': call.route,
    ...(call.answered?.reported !== undefined && { 'gen_ai.response.model': call.answered.reported }),
  }
}

const operationOf = ({ dialect }: MeasuredCall): string =>
  dialect === 'openai-embeddings' || dialect === 'open-inference' ? 'embeddings' : 'chat'

const inputOf = ({ cacheRead, cacheWrite, cacheWriteLong, input }: MeasuredUsage): number =>
  input + cacheRead + cacheWrite + cacheWriteLong

const usageOf = (usage: MeasuredUsage): Attributes => ({
  'gen_ai.usage.input_tokens': inputOf(usage),
  'gen_ai.usage.output_tokens': usage.output + usage.reasoning,
  ...(usage.cacheRead > 0 && { 'gen_ai.usage.cache_read.input_tokens': usage.cacheRead }),
  ...(usage.cacheWrite + usage.cacheWriteLong > 0 && {
    'gen_ai.usage.cache_creation.input_tokens': usage.cacheWrite + usage.cacheWriteLong,
  }),
  ...(usage.reasoning > 0 && { 'gen_ai.usage.reasoning.output_tokens': usage.reasoning }),
})

/** The caller's span, by W3C Trace Context (version 00); what does not fit begins a trace of its own. */
function parentOf(api: Api, traceparent: string | undefined): Context {
  const [, traceId = '', spanId = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? []
  const given = { traceId, spanId, traceFlags: Number.parseInt(flags || '0', 16), isRemote: true }
  return api.isSpanContextValid(given) ? api.trace.setSpanContext(api.ROOT_CONTEXT, given) : api.ROOT_CONTEXT
}
