import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { freePorts } from './free-port.ts'
import type { Home } from './home.ts'
import { ensureIdentity } from './identity-key.ts'
import { replaceFile } from './replace-file.ts'

const names = ['postgres', 'ingress', 'admin', 'node', 'handler'] as const
type PortName = (typeof names)[number]

/** What is made once for a data directory and remembered: ports, the passwords of the embedded Postgres, the engine's signing key. */
export interface Kept {
  readonly ports: Readonly<Record<PortName, number>>
  readonly passwords: { readonly superuser: string; readonly owner: string; readonly app: string }
  /** PKCS#8 PEM file of the Ed25519 key that signs the engine's requests (E14). */
  readonly identityFile: string
  /** `publickeyv1_…`: what the handler checks. */
  readonly identityKey: string
}

const written = z.object({
  ports: z.record(z.enum(names), z.number().int().min(1).max(65_535)),
  passwords: z.object({ superuser: z.string().min(1), owner: z.string().min(1), app: z.string().min(1) }),
})

/**
 * Reads or makes them; a port that someone else took meanwhile is replaced. New passwords would lock the database's own data away: while
 * `data` (Postgres's directory) holds a database, a missing or damaged file is refused, never replaced. Errors: `server/data-corrupt`.
 */
export async function keep(home: Home, data?: string): Promise<Kept> {
  const path = home.file('run/kept.json')
  const old = readKept(path)
  if (!old && data && existsSync(join(data, 'PG_VERSION'))) {
    throw new MillraceError('server/data-corrupt', {
      path,
      why: `it is missing, and with it the passwords of the database in ${data}`,
    })
  }
  const chosen = await freePorts(names.map((name) => old?.ports[name] ?? 0))
  const port = (name: PortName): number => chosen[names.indexOf(name)] ?? 0
  const ports = {
    postgres: port('postgres'),
    ingress: port('ingress'),
    admin: port('admin'),
    node: port('node'),
    handler: port('handler'),
  }
  const secret = (): string => randomBytes(24).toString('base64url')
  const passwords = old?.passwords ?? { superuser: secret(), owner: secret(), app: secret() }
  const text = JSON.stringify({ ports, passwords })
  if (text !== JSON.stringify(old)) replaceFile(path, text)
  const identityFile = home.file('run/identity.pem')
  return { ports, passwords, identityFile, identityKey: ensureIdentity(identityFile) }
}

/** Without choosing ports or making anything. Errors: `server/data-corrupt`. */
export function readKept(path: string): Pick<Kept, 'ports' | 'passwords'> | undefined {
  if (!existsSync(path)) return undefined
  try {
    return written.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new MillraceError(
      'server/data-corrupt',
      { path, why: 'it does not hold the ports and passwords that Millrace wrote' },
      { cause },
    )
  }
}
