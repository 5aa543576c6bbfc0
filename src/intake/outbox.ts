import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { type Clock, type Millis, systemClock } from '../core/clock.ts'
import { mailAddress } from './mail-address.ts'

/** A reply, as the connector `mail` takes it. */
export interface Reply {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly inReplyTo?: string | undefined
  readonly references?: readonly string[] | undefined
}

/** A file that nobody finished: its process is long dead. */
const staleAfter: Millis = 3_600_000

/**
 * The connector `mail` of the embedded default: replies go into a directory, each a file named by its token (0600).
 *
 * 1. A token lands once, and nobody sees half a mail: the file is made complete beside its place and linked there, which fails when it exists.
 * 2. What was answered as sent survives a power failure.
 * 3. The one recipient is the given address, as it is; nothing of a reply can become a header or another recipient.
 */
export class Outbox {
  readonly #directory: string
  readonly #from: string
  readonly #clock: Clock
  readonly #transport = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  #isTidy = false

  constructor(options: { directory: string; from: string; clock?: Clock }) {
    this.#directory = options.directory
    this.#from = options.from
    this.#clock = options.clock ?? systemClock
  }

  /** Answers the Message-ID, which follows from the token; undefined: the address cannot be written to. */
  async send(reply: Reply, token: string, signal: AbortSignal): Promise<{ readonly messageId: string } | undefined> {
    if (!/^[A-Za-z0-9_-]{8,200}$/.test(token)) throw new TypeError('a token is of letters, digits, - and _')
    signal.throwIfAborted()
    const to = mailAddress(reply.to)
    if (to === undefined || to !== reply.to.toLowerCase()) return undefined
    const messageId = `<${token.slice(0, 40)}@${this.#from.split('@')[1] ?? 'localhost'}>`
    const message = await this.#build({ ...reply, to: reply.to }, messageId)
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await this.#tidy()
    signal.throwIfAborted()
    await this.#land(message, token)
    return { messageId }
  }

  async #build(reply: Reply, messageId: string): Promise<Buffer> {
    const references = reply.references?.filter((id) => isMessageId.test(id)) ?? []
    const built = await this.#transport.sendMail({
      from: { name: '', address: this.#from },
      to: { name: '', address: reply.to },
      envelope: { from: this.#from, to: [reply.to] }, // an address is never parsed again
      date: new Date(this.#clock.today()),
      subject: reply.subject.replaceAll(/\p{Cc}+/gu, ' ').toWellFormed(),
      text: reply.text.toWellFormed(),
      messageId,
      ...(reply.inReplyTo && isMessageId.test(reply.inReplyTo) && { inReplyTo: reply.inReplyTo }),
      ...(references.length > 0 && { references }),
      headers: { 'Auto-Submitted': 'auto-replied' }, // RFC 3834: no program answers it
    })
    return built.message as Buffer // `buffer: true`
  }

  async #land(message: Buffer, token: string): Promise<void> {
    const fresh = join(this.#directory, `.${token}.${randomBytes(4).toString('hex')}`)
    try {
      const file = await open(fresh, 'wx', 0o600)
      try {
        await file.writeFile(message)
        await file.sync()
      } finally {
        await file.close()
      }
      await link(fresh, join(this.#directory, `${token}.eml`))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error // it landed before: the same token, the same mail
    } finally {
      await rm(fresh, { force: true })
    }
    const folder = await open(this.#directory, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  /** Once a process: removes what killed ones left half written. */
  async #tidy(): Promise<void> {
    if (this.#isTidy) return
    this.#isTidy = true
    for (const name of await readdir(this.#directory)) {
      if (!/^\.[A-Za-z0-9_-]+\.[0-9a-f]{8}$/.test(name)) continue
      const path = join(this.#directory, name)
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY })) // another process was faster
      if (this.#clock.today() - mtimeMs > staleAfter) await rm(path, { force: true })
    }
  }
}

const isMessageId = /^<[^<>\s]{1,996}>$/
