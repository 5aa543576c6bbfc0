import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http2'
import { promisify } from 'node:util'
import type { Clock } from '../../core/clock.ts'

const verifyInPool = promisify(verify)

/** DER of an Ed25519 public key (RFC 8410), up to its 32 bytes. */
const derPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/**
 * Owns: whether a request comes from the engine (E14): it carries a token (RFC 7519) that the engine's private key has signed with Ed25519 for
 * exactly this path, not expired. https://docs.restate.dev/services/security
 *
 * 1. Whatever cannot be checked is refused: another scheme, algorithm or key, a missing or broken token.
 * 2. The signature is checked in the thread pool. The SDK's own check runs in WebAssembly on the main thread, where it took 130 microseconds,
 *    an eighth of all that a run costs there.
 */
export class RestateSignature {
  readonly #kid: string
  readonly #key: KeyObject
  readonly #clock: Clock

  /** `identityKey`: `publickeyv1_` and the public key in base 58. Throws when it is not one. */
  constructor(identityKey: string, clock: Clock) {
    this.#kid = identityKey
    this.#clock = clock
    const raw = fromBase58(identityKey.replace(/^publickeyv1_/, ''))
    this.#key = createPublicKey({ key: Buffer.concat([derPrefix, raw]), format: 'der', type: 'spki' })
  }

  async isSigned(path: string, headers: IncomingHttpHeaders): Promise<boolean> {
    const token = headers['x-restate-jwt-v1']
    if (headers['x-restate-signature-scheme'] !== 'v1' || typeof token !== 'string') return false
    const parts = token.split('.')
    const [header = '', claims = '', signature = ''] = parts
    if (parts.length !== 3 || !this.#fits(parse(header), parse(claims), path)) return false
    return verifyInPool(null, Buffer.from(`${header}.${claims}`), this.#key, Buffer.from(signature, 'base64url'))
  }

  #fits(header: Fields, claims: Fields, path: string): boolean {
    const now = this.#clock.today() / 1000
    return (
      header['alg'] === 'EdDSA' &&
      header['kid'] === this.#kid &&
      claims['aud'] === path &&
      Number(claims['exp']) > now && // NaN is in no order
      Number(claims['nbf']) <= now
    )
  }
}

type Fields = Readonly<Record<string, unknown>>

function parse(part: string): Fields {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return value instanceof Object ? (value as Fields) : {} // an object, whatever is in it
  } catch {
    return {}
  }
}

function fromBase58(text: string): Buffer {
  let number = 0n
  for (const letter of text) {
    const digit = alphabet.indexOf(letter)
    if (digit < 0) throw new TypeError(`${letter} is no digit of base 58`)
    number = number * 58n + BigInt(digit)
  }
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex')
}
