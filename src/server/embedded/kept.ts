import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Home } from './home.ts'

/** What is made once for a data directory and remembered: ports, the passwords of the embedded Postgres, the engine's signing key. */
export interface Kept {
  readonly ports: { postgres: number; ingress: number; admin: number; node: number; handler: number }
  readonly passwords: { readonly superuser: string; readonly owner: string; readonly app: string }
  /** PKCS#8 PEM file of the Ed25519 key that signs the engine's requests (E14). */
  readonly identityFile: string
  /** `publickeyv1_…`: what the handler checks. */
  readonly identityKey: string
}

const kept = z.object({
  ports: z.object({ postgres: z.number(), ingress: z.number(), admin: z.number(), node: z.number(), handler: z.number() }),
  passwords: z.object({ superuser: z.string(), owner: z.string(), app: z.string() }),
})

/** Reads or makes them; a port that someone else took meanwhile is replaced. */
export async function keep(home: Home): Promise<Kept> {
  const path = home.file('run/kept.json')
  const old = read(path)
  const secret = (): string => randomBytes(24).toString('base64url')
  const ports = { postgres: 0, ingress: 0, admin: 0, node: 0, handler: 0 }
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort(old?.ports[name])
  const passwords = old?.passwords ?? { superuser: secret(), owner: secret(), app: secret() }
  writeFileSync(path, JSON.stringify({ ports, passwords }), { mode: 0o600 })
  const identityFile = home.file('run/identity.pem')
  if (!existsSync(identityFile)) writeFileSync(identityFile, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  return { ports, passwords, identityFile, identityKey: publicKeyOf(readFileSync(identityFile, 'utf8')) }
}

function read(path: string): z.infer<typeof kept> | undefined {
  if (!existsSync(path)) return undefined
  try {
    return kept.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    // New passwords would lock the database's own data away: refused, never replaced.
    throw new MillraceError('server/data-corrupt', { path, why: 'it does not hold the ports and passwords that Millrace wrote' }, { cause })
  }
}

/** The wanted port when it is free, else any free one. */
export function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => (wanted ? freePort().then(resolve, reject) : reject(error)))
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo // a TCP server's address
      server.close(() => resolve(port))
    })
  })
}

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Restate's name of a public key: base58 of the raw 32 bytes, which are the last of the SPKI. */
export function publicKeyOf(pem: string): string {
  const raw = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' }).subarray(-32)
  let text = ''
  for (let n = BigInt(`0x${raw.toString('hex')}`); n > 0n; n /= 58n) text = (alphabet[Number(n % 58n)] ?? '') + text
  const zeros = raw.findIndex((byte) => byte !== 0)
  return `publickeyv1_${'1'.repeat(Math.max(0, zeros))}${text}`
}
