import { isAnsweredByNobody } from './automatic-signs.ts'
import { checkToken, recipientOf, type Reply, type ReplyCarrier } from './reply.ts'

/**
 * The connector `mail`: the last line of defence before any carrier. Pipelines answer no automatic mail; whatever a pipeline or a person's edit
 * let through,
 *
 * 1. nothing goes to an address that nobody reads, or to our own: both would answer for ever or not at all;
 * 2. nothing goes beyond the cap of its address.
 */
export class ReplyMail implements ReplyCarrier {
  readonly #carrier: ReplyCarrier
  readonly #cap: { count(token: string, address: string): Promise<void> }
  readonly #own: string

  constructor(options: {
    carrier: ReplyCarrier
    cap: { count(token: string, address: string): Promise<void> }
    from: string
  }) {
    this.#carrier = options.carrier
    this.#cap = options.cap
    this.#own = withoutTag(options.from)
  }

  /** Errors: `intake/too-many-replies`, and those of the carrier. */
  async send(reply: Reply, token: string, signal: AbortSignal): Promise<{ readonly messageId: string } | undefined> {
    checkToken(token)
    signal.throwIfAborted()
    const to = recipientOf(reply)
    if (to === undefined || isAnsweredByNobody(to) || withoutTag(to) === this.#own) return undefined
    await this.#cap.count(token, to)
    return this.#carrier.send(reply, token, signal)
  }
}

const withoutTag = (address: string): string => address.toLowerCase().replace(/\+[^@]*@/, '@')
