import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { RestateSignature } from './restate-signature.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const identityKey = `publickeyv1_${base58(publicKey.export({ format: 'der', type: 'spki' }).subarray(12))}`
const signature = new RestateSignature(identityKey, systemClock)
const path = '/invoke/run/wake'

function base58(bytes: Buffer): string {
  let [number, text] = [BigInt(`0x${bytes.toString('hex')}`), '']
  for (; number > 0n; number /= 58n) text = (alphabet[Number(number % 58n)] ?? '') + text
  return text
}

function headers(changed: { header?: object; claims?: object; key?: KeyObject } = {}): Record<string, string> {
  const now = Math.floor(systemClock.today() / 1000)
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = part({ typ: 'JWT', alg: 'EdDSA', kid: identityKey, ...changed.header })
  const claims = part({ aud: path, exp: now + 60, iat: now, nbf: now - 60, ...changed.claims })
  const signed = sign(null, Buffer.from(`${head}.${claims}`), changed.key ?? privateKey).toString('base64url')
  return { 'x-restate-signature-scheme': 'v1', 'x-restate-jwt-v1': `${head}.${claims}.${signed}` }
}

test('what the engine has signed for this path is let in', async () => {
  expect(await signature.isSigned(path, headers())).toBe(true)
})

const tampered = (): Record<string, string> => {
  const token = headers()['x-restate-jwt-v1'] ?? ''
  const [head, , signed] = token.split('.')
  const claims = Buffer.from(JSON.stringify({ aud: path, exp: 2e9, nbf: 0, sub: 'run_other' })).toString('base64url')
  return { ...headers(), 'x-restate-jwt-v1': `${head}.${claims}.${signed}` }
}

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['a scheme that is not known', { ...headers(), 'x-restate-signature-scheme': 'unsigned' }],
  ['a token for another path', headers({ claims: { aud: '/discover' } })],
  ['a token that has expired', headers({ claims: { exp: 1 } })],
  ['a token without an expiry', headers({ claims: { exp: undefined } })],
  ['a token of the future', headers({ claims: { nbf: 4e9 } })],
  ['no algorithm', headers({ header: { alg: 'none' } })],
  ['another key’s name', headers({ header: { kid: 'publickeyv1_2' } })],
  ['another key’s signature', headers({ key: generateKeyPairSync('ed25519').privateKey })],
  ['claims under another’s signature', tampered()],
  ['no signature', { ...headers(), 'x-restate-jwt-v1': (headers()['x-restate-jwt-v1'] ?? '').replace(/[^.]*$/, '') }],
  ['what is no token', { ...headers(), 'x-restate-jwt-v1': 'a.b.c' }],
])('%s is refused (E14)', async (_, given) => {
  expect(await signature.isSigned(path, given)).toBe(false)
})
