import { argon2, timingSafeEqual } from 'node:crypto'
import type { Random } from '../core/random.ts'

/** Of OWASP for argon2id: 19 MiB, two passes, one lane. */
const current = { memory: 19_456, passes: 2, parallelism: 1 }
/** Together 76 MiB: more sign-ins than these wait. */
const mostAtOnce = 4
const form = /^argon2id\$(\d+)\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]+)$/

/** Derives a key; the tests count its calls. */
export type Derive = (password: string, salt: Buffer, cost: typeof current) => Promise<Buffer>

const derive: Derive = (password, salt, { memory, passes, parallelism }) =>
  new Promise((resolve, reject) => {
    const input = { message: password, nonce: salt, tagLength: 32, memory, passes, parallelism }
    argon2('argon2id', input, (error, key) => (error ? reject(error) : resolve(key)))
  })

/**
 * Owns: how a password is hashed, and how many are at once. Does not own: whose they are.
 *
 * 1. At most four are hashed at once: sign-ins cannot take all memory.
 * 2. A check costs one hash, also where there is nothing to hold it against.
 */
export class Passwords {
  readonly #random: Random
  readonly #derive: Derive
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(options: { readonly random: Random; readonly derive?: Derive }) {
    this.#random = options.random
    this.#derive = options.derive ?? derive
  }

  async hash(password: string): Promise<string> {
    const salt = this.#random.bytes(16)
    const key = await this.#inTurn(() => this.#derive(password.normalize('NFC'), salt, current))
    const { memory, passes, parallelism } = current
    return `argon2id$${memory}$${passes}$${parallelism}$${salt.toString('base64url')}$${key.toString('base64url')}`
  }

  /** `stored` undefined: nobody has the name, and the answer takes the same work. `isOld`: made under other parameters. */
  async check(
    password: string,
    stored: string | undefined,
  ): Promise<{ readonly fits: boolean; readonly isOld: boolean }> {
    const [, memory, passes, parallelism, salt, wanted] = form.exec(stored ?? '') ?? []
    const cost =
      wanted === undefined
        ? current
        : { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
    const nonce = salt === undefined ? Buffer.alloc(16) : Buffer.from(salt, 'base64url')
    const key = await this.#inTurn(() => this.#derive(password.normalize('NFC'), nonce, cost))
    const expected = Buffer.from(wanted ?? '', 'base64url')
    const fits = expected.length === key.length && timingSafeEqual(expected, key)
    const isOld =
      cost.memory !== current.memory || cost.passes !== current.passes || cost.parallelism !== current.parallelism
    return { fits, isOld }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= mostAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift() // it takes the place over: the count stays
      if (next) next()
      else this.#running--
    }
  }
}
