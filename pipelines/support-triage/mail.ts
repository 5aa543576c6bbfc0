import { connector } from 'millrace'

/** A reply as it leaves; the connector adds its own address, the date, a Message-ID made of the token, and Auto-Submitted. */
export interface OutgoingMail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly inReplyTo?: string | undefined
  readonly references?: readonly string[] | undefined
}

/** The mail system: an outbox directory in the embedded default, SMTP where the server was started with `--send`. */
export interface Mail {
  /** The same token twice sends once. `undefined`: the address cannot be written to. Over the day's cap of an address it throws. */
  send(mail: OutgoingMail, token: string, signal: AbortSignal): Promise<{ readonly messageId: string } | undefined>
}

export const mail = connector<Mail>('mail')
