import { randomBytes } from 'node:crypto'
import { link, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'

/** A reply, as the connector `mail` takes it. */
export interface Reply {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly inReplyTo?: string | undefined
  readonly references?: readonly string[] | undefined
}

/**
 * The connector `mail` of the embedded default: replies go into a directory, each a file named by its token. The file is made complete beside
 * its place and then linked there, which fails when it exists: so a token lands once, and nobody sees half a mail.
 */
export class Outbox {
  readonly #directory: string
  readonly #from: string
  readonly #transport = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })

  constructor(options: { directory: string; from: string }) {
    this.#directory = options.directory
    this.#from = options.from
  }

  /** Answers the Message-ID, which follows from the token. */
  async send(reply: Reply, token: string): Promise<string> {
    const messageId = `<${token.slice(0, 40)}@${this.#from.split('@')[1] ?? 'localhost'}>`
    const built = await this.#transport.sendMail({
      from: this.#from,
      to: { name: '', address: reply.to },
      envelope: { from: this.#from, to: [reply.to] }, // an address is never parsed again
      subject: reply.subject,
      text: reply.text,
      messageId,
      ...(reply.inReplyTo && { inReplyTo: reply.inReplyTo }),
      ...(reply.references?.length && { references: [...reply.references] }),
      headers: { 'Auto-Submitted': 'auto-replied' }, // RFC 3834: no program answers it
    })
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const fresh = join(this.#directory, `.${token}.${randomBytes(4).toString('hex')}`)
    const file = await open(fresh, 'wx', 0o600)
    try {
      await file.writeFile(built.message as Buffer) // `buffer: true`
      await file.sync()
    } finally {
      await file.close()
    }
    try {
      await link(fresh, join(this.#directory, `${token}.eml`))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error // it landed before: the same token, the same mail
    } finally {
      await rm(fresh, { force: true })
    }
    return messageId
  }
}
