import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { freePort, freePorts } from './free-port.ts'
import { type Home, openHome } from './home.ts'
import { ensureIdentity, publicKeyOf } from './identity-key.ts'
import { keep } from './kept.ts'

let folder: string
let home: Home
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-kept-'))
  home = openHome(join(folder, 'home'))
})
afterEach(() => {
  home.close()
  rmSync(folder, { recursive: true, force: true })
})

const corrupt = (data?: string) =>
  expect(keep(home, data)).rejects.toSatisfy((e) => isMillraceError(e, 'server/data-corrupt'))
async function taken(port = 0): Promise<{ port: number; close: () => void }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() } // a TCP server's address
}

test('ports, passwords and the signing key are made once, and only their user reads them', async () => {
  const first = await keep(home)
  expect(await keep(home)).toEqual(first)
  expect(new Set(Object.values(first.ports)).size).toBe(5)
  expect(new Set(Object.values(first.passwords)).size).toBe(3)
  for (const name of ['run/kept.json', 'run/identity.pem']) expect(statSync(home.file(name)).mode & 0o777).toBe(0o600)
})

test('a port that somebody took meanwhile is replaced, the others stay', async () => {
  const first = await keep(home)
  const other = await taken(first.ports.admin)
  const { ports } = await keep(home)
  other.close()
  expect(ports.admin).not.toBe(first.ports.admin)
  expect({ ...ports, admin: 0 }).toEqual({ ...first.ports, admin: 0 })
})

test('lost passwords are refused while there is a database, and made anew where there is none', async () => {
  const data = join(folder, 'postgres')
  mkdirSync(data)
  const first = await keep(home, data)
  writeFileSync(join(data, 'PG_VERSION'), '18')
  expect((await keep(home, data)).passwords).toEqual(first.passwords)
  rmSync(home.file('run/kept.json'))
  await corrupt(data)
  rmSync(join(data, 'PG_VERSION'))
  expect((await keep(home, data)).passwords).not.toEqual(first.passwords)
})

test.each(['', '{', '{}', '{"ports":{"postgres":0},"passwords":{}}'])(
  'a file that holds %j is refused and stays',
  async (text) => {
    writeFileSync(home.file('run/kept.json'), text)
    await corrupt()
    expect(readFileSync(home.file('run/kept.json'), 'utf8')).toBe(text)
  },
)

test('a damaged signing key is made anew, a good one is kept', () => {
  const path = join(folder, 'identity.pem')
  const key = ensureIdentity(path)
  expect(ensureIdentity(path)).toBe(key)
  writeFileSync(path, 'damaged')
  expect(ensureIdentity(path)).not.toBe(key)
})

test('a public key has the name that Restate gives it', () => {
  // RFC 8410, 10.3: the private key of its example; its public key is 19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1.
  const pem =
    '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n'
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let number = 0n
  const name = publicKeyOf(pem)
  for (const digit of name.slice('publickeyv1_'.length)) number = number * 58n + BigInt(alphabet.indexOf(digit))
  expect(name).toMatch(/^publickeyv1_/)
  expect(number.toString(16)).toBe('19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1')
})

test('a wanted port is given when it is free, another when it is not, and none twice', async () => {
  const other = await taken()
  const free = await freePort()
  expect(await freePort(free)).toBe(free)
  const ports = await freePorts([other.port, free, free, 0, 0])
  other.close()
  expect(ports[1]).toBe(free)
  expect(ports[0]).not.toBe(other.port)
  expect(new Set(ports).size).toBe(5)
})
