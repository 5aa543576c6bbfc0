import { mainTenant } from '../core/ids.ts'
import { isMillraceError, MillraceError } from '../core/errors/millrace-error.ts'
import { StepFailure } from '../execution/engine/failures.ts'
import { Outbox } from '../intake/outbox.ts'
import type { ReplyCarrier } from '../intake/reply.ts'
import { defaultRepliesADay, ReplyCap } from '../intake/reply-cap.ts'
import { ReplyJournal } from '../intake/reply-journal.ts'
import { ReplyMail } from '../intake/reply-mail.ts'
import { SmtpServerUrl } from '../intake/smtp-server-url.ts'
import { SmtpMail } from '../intake/smtp.ts'
import type { Settings } from '../sdk/config.ts'
import type { Pool } from '../store/pool.ts'
import type { Home } from './embedded/home.ts'
import type { Project } from './project.ts'

export interface ConnectorOptions {
  readonly home: Home
  readonly project: Project
  readonly pool: Pool
  /** Keyed. */
  readonly hash: (text: string) => Buffer
  /** Replies leave through the mail server that the project names; else they go to the outbox directory. */
  readonly send: boolean
}

/**
 * The mail server of a project that is to send. Errors: `intake/no-smtp`, `intake/bad-smtp-url`.
 */
export function mailServerOf({ mailbox }: Settings): SmtpServerUrl {
  if (!mailbox) throw new MillraceError('intake/no-smtp', { why: 'the project has no mailbox to send from' })
  if (!mailbox.smtp) throw new MillraceError('intake/no-smtp', { why: 'the project names no mail server' })
  return new SmtpServerUrl(mailbox.smtp)
}

/** The systems of record that actions name. Mail goes to a directory of the data directory, unless the operator said that it be sent. */
export function connectorsOf(options: ConnectorOptions): { get(name: string): unknown } {
  const known: Readonly<Record<string, unknown>> = { mail: mailOf(options) }
  return {
    get(name) {
      if (Object.hasOwn(known, name)) return known[name]
      const names = Object.keys(known).join(', ')
      throw new StepFailure(
        'step/no-connector',
        `No connector is called ${name}; this server has: ${names}. Check the name that the action gives to connector().`,
        { terminal: true },
      )
    },
  }
}

function mailOf({ home, project, pool, hash, send }: ConnectorOptions): ReplyCarrier {
  const { mailbox } = project.settings
  const from = mailbox?.address ?? 'millrace@localhost.example'
  const journal = new ReplyJournal({ pool, tenant: mainTenant })
  const carrier = send
    ? new SmtpMail({ server: mailServerOf(project.settings), from, journal })
    : new Outbox({ directory: home.file('outbox'), from })
  const most = mailbox?.repliesADay ?? defaultRepliesADay
  const cap = new ReplyCap({ pool, tenant: mainTenant, hash, most })
  return askingWhenInDoubt(new ReplyMail({ carrier, cap, from }))
}

/**
 * A reply in doubt is an effect whose outcome is unknown, in the engine's words: a person is asked. It is that whatever the action says of
 * unknown outcomes, since an attempt under the same token would end in doubt again.
 */
export const askingWhenInDoubt = (carrier: ReplyCarrier): ReplyCarrier => ({
  async send(reply, token, signal) {
    try {
      return await carrier.send(reply, token, signal)
    } catch (error) {
      if (!isMillraceError(error, 'intake/reply-in-doubt')) throw error
      throw new StepFailure('step/outcome-unknown', error.message, { terminal: true, unknown: true, cause: error })
    }
  },
})
