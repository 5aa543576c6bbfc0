import { MillraceError } from '../core/errors/millrace-error.ts'

/** The standard variables that say where telemetry goes; those of one signal before those of all. */
const addresses = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
] as const
const headerLists = [
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
  'OTEL_EXPORTER_OTLP_METRICS_HEADERS',
] as const
const protocols = [
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
] as const

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Whether OpenTelemetry is asked for: an endpoint is set, and nobody has disabled it. The exporters read the variables themselves; here they are checked,
 * since an exporter says nothing of a mistake but that nothing arrives. Errors: `server/bad-otlp`, naming the variable and never its value.
 */
export function isOtlpAsked(env: Environment): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false
  const set = addresses.filter((name) => (env[name] ?? '') !== '')
  for (const name of set) {
    const url = URL.canParse(env[name] ?? '') ? new URL(env[name] ?? '') : undefined
    if (!url || !/^https?:$/.test(url.protocol))
      throw bad(name, 'it must be an address that begins with http:// or https://')
    if (url.username !== '' || url.password !== '')
      throw bad(name, 'no password belongs in it: headers carry credentials')
  }
  for (const name of headerLists)
    for (const pair of (env[name] ?? '').split(',').filter((one) => one.trim() !== ''))
      if (!/^\s*[\w!#$%&'*+.^`|~-]+\s*=\s*[^\s,;"\\]*\s*$/.test(pair))
        throw bad(name, 'write name=value,name=value, each value percent-encoded')
  for (const name of protocols) {
    const protocol = env[name] ?? ''
    if (protocol !== '' && protocol !== 'http/json') throw bad(name, 'this server sends http/json alone')
  }
  return set.length > 0
}

const bad = (variable: string, why: string): MillraceError => new MillraceError('server/bad-otlp', { variable, why })
