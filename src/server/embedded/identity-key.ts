import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { replaceFile } from './replace-file.ts'

/**
 * The Ed25519 key that signs the engine's requests (E14), PKCS#8 PEM in a 0600 file. A damaged one is made anew: the engine and the handler
 * both learn it at the same start, and nothing that is kept depends on it. Answers the public key: what the handler checks.
 */
export function ensureIdentity(path: string): string {
  try {
    if (existsSync(path)) return publicKeyOf(readFileSync(path, 'utf8'))
  } catch {} // not a key
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  replaceFile(path, privateKey)
  return publicKeyOf(privateKey)
}

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Restate's name of a public key: `publickeyv1_` and base58 of the raw 32 bytes, which are the last of the SPKI. */
export function publicKeyOf(pem: string): string {
  const key = createPublicKey(createPrivateKey(pem))
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError(`an Ed25519 key is needed, not ${key.asymmetricKeyType}`)
  const raw = key.export({ type: 'spki', format: 'der' }).subarray(-32)
  let text = ''
  for (let n = BigInt(`0x${raw.toString('hex')}`); n > 0n; n /= 58n) text = (alphabet[Number(n % 58n)] ?? '') + text
  const zeros = raw.findIndex((byte) => byte !== 0)
  return `publickeyv1_${'1'.repeat(Math.max(0, zeros))}${text}`
}
