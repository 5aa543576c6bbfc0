import { existsSync, readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { mainTenant } from '../core/ids.ts'
import type { ApiKeys } from '../governance/api-keys.ts'
import type { People, Person } from '../governance/people.ts'
import type { Home } from './embedded/home.ts'
import { replaceFile } from './embedded/replace-file.ts'

const keyName = 'data directory'

export const ownerKeyPath = (home: string): string => `${home}/owner.key`

/**
 * The first person and their API key, which stands in a 0600 file of the data directory: whoever may read that file may act as its owner.
 * A file that is missing, or whose key no longer opens, is replaced, and the key before it is revoked. Errors: `governance/owner-key-unsafe`.
 */
export async function ensureOwner({
  home,
  people,
  keys,
}: {
  home: Home
  people: People
  keys: ApiKeys
}): Promise<Person> {
  const [first] = await people.list(mainTenant, { limit: 1 })
  const owner = first ?? (await people.add({ tenant: mainTenant, name: userName(), actor: undefined }))
  const path = ownerKeyPath(home.path)
  const held = readOwnerKey(home.path)
  const known = held === undefined ? undefined : await keys.verify(held)
  if (known?.person.id === owner.id) return owner
  for (const key of await keys.list(mainTenant, owner.id)) {
    if (key.name === keyName && key.revoked === undefined)
      await keys.revoke({ tenant: mainTenant, key: key.id, actor: undefined })
  }
  const { secret } = await keys.create({ tenant: mainTenant, person: owner.id, name: keyName, actor: undefined })
  replaceFile(path, `${secret}\n`)
  return owner
}

/** The secret in the owner's file, if there is one. Errors: `governance/owner-key-unsafe`. */
export function readOwnerKey(home: string): string | undefined {
  const path = ownerKeyPath(home)
  if (!existsSync(path)) return undefined
  const mode = statSync(path).mode & 0o777
  if (mode & 0o077) throw new MillraceError('governance/owner-key-unsafe', { path, mode: mode.toString(8) })
  return readFileSync(path, 'utf8').trim()
}

function userName(): string {
  try {
    return userInfo().username || 'owner'
  } catch {
    return 'owner' // a uid without a name
  }
}
