import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, type Millis, systemClock } from '../core/clock.ts'
import { checkToken, composeReply, messageIdOf, recipientOf, type Reply, type ReplyCarrier } from './reply.ts'

/** A file that nobody finished: its process is long dead. */
const staleAfter: Millis = 3_600_000

/**
 * The connector `mail` of the embedded default: replies go into a directory, each a file named by its token (0600).
 *
 * 1. A token lands once, and nobody sees half a mail: the file is made complete beside its place and linked there, which fails when it exists.
 * 2. What was answered as sent survives a power failure.
 * 3. The one recipient is the given address, as it is.
 */
export class Outbox implements ReplyCarrier {
  readonly #directory: string
  readonly #from: string
  readonly #clock: Clock
  #isTidy = false

  constructor(options: { directory: string; from: string; clock?: Clock }) {
    this.#directory = options.directory
    this.#from = options.from
    this.#clock = options.clock ?? systemClock
  }

  /** Answers the Message-ID, which follows from the token; undefined: the address cannot be written to. */
  async send(reply: Reply, token: string, signal: AbortSignal): Promise<{ readonly messageId: string } | undefined> {
    checkToken(token)
    signal.throwIfAborted()
    if (recipientOf(reply) === undefined) return undefined
    const messageId = messageIdOf(token, this.#from)
    const message = await composeReply(reply, { from: this.#from, messageId, date: new Date(this.#clock.today()) })
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await this.#tidy()
    signal.throwIfAborted()
    await this.#land(message, token)
    return { messageId }
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
