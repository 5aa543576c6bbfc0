import type { ProviderFailure } from './dialect.ts'
import { objectOf, textOf, wordOf } from './unknown-json.ts'

/** Statuses of the words that OpenAI's and Anthropic's interfaces, and those made after them, use for errors. */
const statuses: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  invalid_prompt: 400,
  context_length_exceeded: 400,
  authentication_error: 401,
  invalid_api_key: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  model_not_found: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  api_error: 500,
  server_error: 500,
  internal_server_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
}

export const malformed = (message: string): ProviderFailure => ({ status: 502, type: 'malformed_answer', message })

/** An `error` object, or a text in its place, as a failure. Without a status of the response its words say which would be right. */
export function failureIn(error: unknown, status?: number): ProviderFailure {
  const fields = objectOf(error) ?? {}
  const code = wordOf(fields['code']) ?? (typeof fields['code'] === 'number' ? String(fields['code']) : undefined)
  const type = wordOf(fields['type']) ?? code ?? 'api_error'
  const message = textOf(fields['message']) ?? textOf(error) ?? 'the provider gave no message'
  const known = statuses[code ?? ''] ?? statuses[type] ?? statusNumber(fields['code']) ?? 500
  return { status: status ?? known, type, ...(code !== undefined && { code }), message }
}

/** vLLM and others put the HTTP status itself into `code`. */
const statusNumber = (code: unknown): number | undefined =>
  typeof code === 'number' && code >= 400 && code < 600 ? code : undefined
