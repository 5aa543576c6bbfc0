import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const sample = fileURLToPath(new URL('../pipelines/support-triage/mailbox', import.meta.url))

/** The mails of the sample mailbox. */
export function sampleMails(): readonly Buffer[] {
  return readdirSync(sample)
    .filter((name) => name.endsWith('.eml'))
    .toSorted()
    .map((name) => readFileSync(join(sample, name)))
}

/** A copy with bytes of its own, and so an event of its own: a header is added that nobody reads. */
export const copyOf = (mail: Buffer, n: number): Buffer => Buffer.concat([Buffer.from(`X-Copy: ${n}\r\n`), mail])

/** Owns: a directory that mailboxes are made in. Does not own: what is sent of them. */
export class Mailboxes implements Disposable {
  readonly #path = mkdtempSync(join(tmpdir(), 'millrace-bench-mail-'))
  readonly #sample = sampleMails()
  #made = 0
  #copies = 0

  /** A mailbox of `count` mails, each unlike all before, and of `others` among them, named by what they are. Answers its path. */
  make(count: number, others: Readonly<Record<string, Buffer>> = {}): string {
    const path = join(this.#path, `${this.#made++}`)
    mkdirSync(path)
    for (let n = 0; n < count; n++) {
      const mail = this.#sample[this.#copies % this.#sample.length]
      if (mail) writeFileSync(join(path, `${String(n).padStart(6, '0')}.eml`), copyOf(mail, this.#copies++))
    }
    const every = Object.entries(others)
    for (const [i, [name, mail]] of every.entries()) {
      const after = Math.floor((count * (i + 0.5)) / every.length) // spread over it: mail is sent by name
      writeFileSync(join(path, `${String(after).padStart(6, '0')}-${name}.eml`), copyOf(mail, this.#copies++))
    }
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true })
  }
}
