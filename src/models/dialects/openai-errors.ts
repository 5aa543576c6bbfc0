import type { TellableError } from './dialect.ts'

/** OpenAI's words for statuses; its clients go by the status, and people by the message. */
const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
}

const typeOf = (status: number): string => types[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error')

export const openaiError = ({ status, code, message }: TellableError): object => ({
  error: { message, type: typeOf(status), param: null, code },
})
