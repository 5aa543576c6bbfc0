import { type Clock, type Millis, systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { checkToken, composeReply, messageIdOf, recipientOf, type Reply, type ReplyCarrier } from './reply.ts'
import type { HandOver } from './reply-journal.ts'
import { converse, type SmtpEnding, type SmtpLimits } from './smtp-conversation.ts'
import type { SmtpServerUrl } from './smtp-server-url.ts'

/** What this connector needs of the journal. */
interface Journal {
  look(token: string): Promise<HandOver>
  handOver(token: string): Promise<boolean>
  settle(token: string, state: 'sent' | 'in-doubt' | 'begun'): Promise<void>
}

/**
 * RFC 5321 (4.5.3.2) would wait for minutes at every command. A person waits behind a reply, and one in doubt costs a person's look: so well
 * above what servers take (filters after the message: half a minute), and in all below the timeout of the action.
 */
const patience: SmtpLimits = { connect: 10_000, greeting: 15_000, command: 60_000, whole: 90_000 }
/** Another attempt's ending is looked for this often. */
const lookEvery: Millis = 500

/**
 * The connector `mail` over SMTP.
 *
 * 1. A token is handed over at most once, whatever breaks: SMTP knows no tokens, so the journal does. When the connection or the process breaks
 *    between the message and its answer, it may have been taken: `intake/reply-in-doubt`, for a person to settle, and never sent again.
 * 2. The one recipient is the given address, as it is, in an envelope that is never parsed again.
 * 3. No error shows the login, an address or the server's text.
 */
export class SmtpMail implements ReplyCarrier {
  readonly #server: SmtpServerUrl
  readonly #from: string
  readonly #journal: Journal
  readonly #limits: SmtpLimits
  readonly #clock: Clock

  constructor(options: {
    server: SmtpServerUrl
    from: string
    journal: Journal
    limits?: Partial<SmtpLimits>
    clock?: Clock
  }) {
    this.#server = options.server
    this.#from = options.from
    this.#journal = options.journal
    this.#limits = { ...patience, ...options.limits }
    this.#clock = options.clock ?? systemClock
  }

  /** Errors: `intake/smtp-unavailable` (nothing was sent, again later), `intake/smtp-refused` (nothing was sent), `intake/reply-in-doubt`. */
  async send(reply: Reply, token: string, signal: AbortSignal): Promise<{ readonly messageId: string } | undefined> {
    checkToken(token)
    signal.throwIfAborted()
    const to = recipientOf(reply)
    if (to === undefined) return undefined
    const messageId = messageIdOf(token, this.#from)
    const earlier = await this.#earlier(token, signal)
    if (earlier === 'sent') return { messageId }
    if (earlier === 'in-doubt') throw this.#inDoubt(messageId, 'an earlier attempt ended without an answer')
    const message = await composeReply(reply, { from: this.#from, messageId, date: new Date(this.#clock.today()) })
    let isOurs: boolean | undefined
    const ending = await converse({
      server: this.#server,
      from: this.#from,
      to,
      message,
      mayHandOver: async () => (isOurs = await this.#journal.handOver(token)),
      limits: this.#limits,
      clock: this.#clock,
      signal,
    })
    if (isOurs === false) return this.send(reply, token, signal) // another attempt was faster: its ending is ours
    if (isOurs) await this.#note(ending, token) // else the row is not ours to change: another attempt may have begun meanwhile
    return this.#answer(ending, messageId)
  }

  /** Where the journal cannot be written, the token stays handed over and is found in doubt: a person is asked once too often, and nothing is sent twice. */
  async #note({ type }: SmtpEnding, token: string): Promise<void> {
    const state = type === 'accepted' ? 'sent' : type === 'in-doubt' ? 'in-doubt' : 'begun'
    await this.#journal.settle(token, state).catch(() => {})
  }

  #answer(ending: SmtpEnding, messageId: string): { readonly messageId: string } | undefined {
    switch (ending.type) {
      case 'accepted':
        return { messageId }
      case 'recipient-refused':
        return undefined
      case 'in-doubt':
        throw this.#inDoubt(messageId, ending.why)
      case 'failed': {
        const { phase, why } = ending
        const code = ending.isPermanent ? 'intake/smtp-refused' : 'intake/smtp-unavailable'
        throw new MillraceError(code, { at: this.#server.at, phase, why })
      }
    }
  }

  /** How earlier attempts under the token ended. One that another process may still be at is waited for; no attempt takes longer than `whole`. */
  async #earlier(token: string, signal: AbortSignal): Promise<'none' | 'sent' | 'in-doubt'> {
    for (;;) {
      const found = await this.#journal.look(token)
      if (found.state === 'absent') return 'none'
      if (found.state !== 'handed-over') return found.state
      if (found.age > this.#limits.whole) return 'in-doubt'
      await this.#pause(lookEvery, signal)
    }
  }

  async #pause(ms: Millis, signal: AbortSignal): Promise<void> {
    let wake: () => void = () => {}
    const woken = new Promise<void>((resolve) => (wake = resolve))
    const cancelTimer = this.#clock.after(ms, wake)
    signal.addEventListener('abort', wake)
    await woken
    cancelTimer()
    signal.removeEventListener('abort', wake)
    signal.throwIfAborted()
  }

  #inDoubt(messageId: string, why: string): MillraceError {
    return new MillraceError('intake/reply-in-doubt', { at: this.#server.at, messageId, why })
  }
}
