import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Clock, Millis } from '../core/clock.ts'
import type { SmtpServerUrl } from './smtp-server-url.ts'

/** How long a mail server is waited for. */
export interface SmtpLimits {
  readonly connect: Millis
  readonly greeting: Millis
  /** Without a byte of an answer to a command, or of the message being taken. */
  readonly command: Millis
  /** From the first packet to the last. */
  readonly whole: Millis
}

type SmtpPhase = 'connecting' | 'the login' | 'the envelope' | 'the message'

/** How it ended. `in-doubt`: the message was being handed over, and no answer came: it may have been taken. Everything else was answered. */
export type SmtpEnding =
  | { readonly type: 'accepted' }
  | { readonly type: 'recipient-refused'; readonly why: string }
  | { readonly type: 'failed'; readonly phase: SmtpPhase; readonly why: string; readonly isPermanent: boolean }
  | { readonly type: 'in-doubt'; readonly why: string }

interface SmtpErrand {
  readonly server: SmtpServerUrl
  readonly from: string
  /** Safe addresses: no line break, no comma, no bracket. */
  readonly to: string
  readonly message: Buffer
  /** After the server asked for the message (354), before its first byte leaves. False: it does not leave. */
  readonly mayHandOver: () => Promise<boolean>
  readonly limits: SmtpLimits
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * One mail over a connection of its own, one recipient. Never throws. What is said of a failure is a code, never the server's text: that may
 * repeat an address or a password.
 */
export async function converse(errand: SmtpErrand): Promise<SmtpEnding> {
  const { server, limits, clock, signal, from, to, message } = errand
  const connection = connectionTo(errand)
  let phase: SmtpPhase = 'connecting'
  let isHandedOver = false
  let isOver = false
  let giveUp: (error: unknown) => void = () => {}
  const broken = new Promise<never>((_resolve, reject) => (giveUp = reject))
  broken.catch(() => {}) // it may break when nobody waits any more
  connection.on('error', giveUp) // stays: a late error without a listener would end the process
  const calledOff = (): void => giveUp(new Unfinished('it was called off'))
  signal.addEventListener('abort', calledOff)
  const cancelTimer = clock.after(limits.whole, () => giveUp(new Unfinished(`not done within ${limits.whole} ms`)))
  const step = (begin: (done: (error?: unknown) => void) => void): Promise<void> =>
    Promise.race([broken, new Promise<void>((resolve, reject) => begin((e) => (e ? reject(asError(e)) : resolve())))])
  async function* body(): AsyncGenerator<Buffer> {
    phase = 'the message'
    if (!(await errand.mayHandOver())) throw new Unfinished('it may not be handed over')
    if (isOver) throw new Unfinished('it came too late')
    isHandedOver = true
    yield message
  }
  try {
    signal.throwIfAborted()
    await step((done) => connection.connect(done))
    const login = server.login()
    if (login) {
      phase = 'the login'
      if (!connection.allowsAuth) return { type: 'failed', phase, why: 'it offers no login', isPermanent: true }
      await step((done) => connection.login({ credentials: login }, done))
    }
    phase = 'the envelope'
    // A stream, so that nothing of it is read, and nothing is written down as handed over, before the server asked for it.
    const stream = Readable.from(body(), { objectMode: false })
    await step((done) => connection.send({ from, to: [to], size: message.length }, stream, done))
    return { type: 'accepted' }
  } catch (error) {
    return isHandedOver ? afterHandOver(error) : beforeHandOver(error, phase)
  } finally {
    isOver = true
    cancelTimer()
    signal.removeEventListener('abort', calledOff)
    connection.close()
  }
}

function connectionTo({ server, limits, from }: SmtpErrand): SMTPConnection {
  return new SMTPConnection({
    host: server.host,
    port: server.port,
    secure: server.tls === 'from-the-start',
    requireTLS: server.tls === 'required',
    ignoreTLS: server.tls === 'never',
    name: from.split('@')[1] ?? 'localhost',
    connectionTimeout: limits.connect,
    dnsTimeout: limits.connect,
    greetingTimeout: limits.greeting,
    socketTimeout: limits.command,
    maxResponseSize: 64 * 1024,
    logger: false,
  })
}

/** Ended from here, not by the server. */
class Unfinished extends Error {
  override readonly name = 'Unfinished'
}

/** What nodemailer says of an error. */
interface Trouble {
  readonly code?: unknown
  readonly originalCode?: unknown
  readonly command?: unknown
  readonly response?: unknown
  readonly responseCode?: unknown
  readonly timeoutType?: unknown
}

function beforeHandOver(error: unknown, phase: SmtpPhase): SmtpEnding {
  const { command, responseCode } = troubleOf(error)
  const why = whyOf(error)
  const code = typeof responseCode === 'number' ? responseCode : 0
  if (command === 'RCPT TO' && code >= 500 && !isAboutUs(why)) return { type: 'recipient-refused', why }
  return { type: 'failed', phase, why, isPermanent: code >= 500 }
}

/** 530 asks for a login, and 5.7 is about who may send (RFC 3463): a relay that refuses us refuses every address, and none of them is wrong. */
const isAboutUs = (why: string): boolean => /^530|^5\d\d 5\.7\./.test(why)

/**
 * Only a refusal in answer to the message says that it was not taken (RFC 5321, 4.2.5). A broken connection does not, nor does 421, which a server
 * may say on its way down whatever it has taken.
 */
function afterHandOver(error: unknown): SmtpEnding {
  const { code, responseCode } = troubleOf(error)
  const why = whyOf(error)
  const isRefusal = code === 'EMESSAGE' && typeof responseCode === 'number' && responseCode >= 400 && responseCode < 600
  if (!isRefusal || responseCode === 421) return { type: 'in-doubt', why }
  return { type: 'failed', phase: 'the message', why, isPermanent: responseCode >= 500 }
}

/** Codes only. */
function whyOf(error: unknown): string {
  const { code, originalCode, response, responseCode, timeoutType } = troubleOf(error)
  if (typeof responseCode === 'number')
    return (
      /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?(?= |$)/.exec(String(response))?.[0].replace('-', ' ') ?? `${responseCode}`
    )
  if (timeoutType !== undefined) return 'no answer in time'
  if (error instanceof Unfinished) return error.message
  const known = [originalCode, code].find((one) => typeof one === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(one))
  return typeof known === 'string'
    ? known === 'ECONNECTION'
      ? 'the connection was closed'
      : known
    : 'the connection broke'
}

const troubleOf = (error: unknown): Trouble => (error instanceof Error ? (error as Trouble) : {}) // every field is unknown

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
