import { MillraceError } from '../core/errors/millrace-error.ts'
import type { CanonicalEvent } from '../core/event.ts'
import type { PersonId, RunId } from '../core/ids.ts'
import type { Pipelines } from '../execution/pipelines/registry.ts'
import type { DeadLetters } from '../intake/dead-letters.ts'
import type { Dispatcher } from '../intake/dispatcher.ts'
import type { Inbox } from '../intake/inbox.ts'
import { type Customers, mailEvent } from '../intake/mail-event.ts'
import type { MailParser } from '../intake/mail-parser.ts'

export interface TakenMail {
  readonly run: RunId
  /** SHA-256 of the bytes. */
  readonly event: string
  /** It was known from before: `run` is the one that it got then. */
  readonly isDuplicate: boolean
}

export interface MailIntakeOptions {
  readonly parser: MailParser
  readonly customers: Customers
  readonly inbox: Inbox
  readonly deadLetters: DeadLetters
  readonly dispatcher: Dispatcher
  readonly pipelines: Pipelines
  /** In whose name an unattended run acts: who enabled the connector. */
  readonly owner: PersonId
}

/** Where mail comes from unless somebody says otherwise: the same mail from two directories is the same event. */
const defaultSource = 'urn:millrace:mailbox'

/** Owns: the way of one mail from its bytes to the inbox, or to the dead letters. Does not own: how mail is read (intake). */
export class MailIntake {
  readonly #o: MailIntakeOptions

  constructor(options: MailIntakeOptions) {
    this.#o = options
  }

  /** Errors: `intake/unknown-pipeline`; `intake/unreadable`, then kept as a dead letter. */
  async take(
    bytes: Uint8Array,
    { pipeline, source = defaultSource, hold = false }: { pipeline: string; source?: string; hold?: boolean },
  ): Promise<TakenMail> {
    const { customers, deadLetters, dispatcher, inbox, owner, parser, pipelines } = this.#o
    if (!pipelines.names.includes(pipeline))
      throw new MillraceError('intake/unknown-pipeline', { pipeline, known: pipelines.names.join(', ') })
    const mail = await mailEvent(bytes, { parser, customers, source })
    if ('unreadable' in mail) {
      const error = mail.unreadable
      await deadLetters.keep({ source, id: mail.id, pipeline, type: 'message.received', bytes, error, hold })
      throw error
    }
    const [accepted] = await inbox.accept([{ event: mail.event, pipeline, priority: 2, principal: owner, hold }])
    if (!accepted) throw new TypeError('an offer has an answer')
    dispatcher.nudge()
    return { run: accepted.run, event: mail.id, isDuplicate: !accepted.isNew }
  }

  /** Reads a mail again that was a dead letter: the rules may know more now. Errors: `intake/unreadable`. */
  async readAgain(bytes: Uint8Array, source: string): Promise<CanonicalEvent> {
    const { customers, parser } = this.#o
    const mail = await mailEvent(bytes, { parser, customers, source })
    if ('unreadable' in mail) throw mail.unreadable
    return mail.event
  }
}
