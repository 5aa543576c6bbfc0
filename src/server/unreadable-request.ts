import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { problemAnswer } from './api/problem.ts'

/** Bytes that are no request, on a connection on which nothing is being answered: told as a problem, then the connection ends. */
export async function answerUnreadable(error: Error, connection: Duplex): Promise<void> {
  const answer = problemAnswer(problemOf(error))
  const body = await answer.text()
  const lines = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
    ...[...answer.headers].map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  if (connection.writable) connection.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  connection.destroy() // after what was written, as Node does it itself: a client that never closes would hold it for ever
}

/** By the parser's codes (https://nodejs.org/docs/latest-v24.x/api/http.html#event-clienterror). */
function problemOf(error: Error): MillraceError {
  const code = 'code' in error ? error.code : undefined
  if (code === 'HPE_HEADER_OVERFLOW') return new MillraceError('api/headers-too-large', {}, { cause: error })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new MillraceError('api/too-slow', {}, { cause: error })
  return new MillraceError('api/bad-request', { problems: 'it is not HTTP/1.1 as RFC 9112 has it' }, { cause: error })
}
