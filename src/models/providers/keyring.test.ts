import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Failure } from './failure.ts'
import { Keyring, type PickedKey } from './keyring.ts'
import { ManualClock } from './manual-clock.ts'
import { credential } from './secret.ts'

let directory: string
let clock: ManualClock
let environment: Record<string, string | undefined>

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyring-'))
  clock = new ManualClock()
  environment = {}
})
afterEach(() => rm(directory, { recursive: true }))

const ringOf = (...sources: string[]): Keyring => new Keyring({ sources, clock, environment: () => environment })
const status = (code: number, over: object = {}): Failure => ({ kind: 'status', isSent: true, status: code, ...over })

async function picked(ring: Keyring): Promise<PickedKey> {
  const pick = await ring.pick()
  if (pick.kind !== 'key') throw new Error(`no key: ${pick.kind}`)
  return pick
}
const textOf = async (ring: Keyring): Promise<string> => (await picked(ring)).secret.reveal()

test('keys take turns', async () => {
  environment['KEYS'] = 'a, b,c'
  const ring = ringOf('env:KEYS')
  const used: string[] = []
  for (let n = 0; n < 6; n++) used.push(await textOf(ring))
  expect(used).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
})

test('a key that is busy rests alone, for as long as it was told, and then comes back', async () => {
  environment['KEYS'] = 'a,b'
  const ring = ringOf('env:KEYS')
  const a = await picked(ring)
  a.report(status(429, { retryAfter: 20_000 }))
  expect([await textOf(ring), await textOf(ring), ring.usable]).toEqual(['b', 'b', 1])
  const b = await picked(ring)
  b.report(status(429))
  expect(await ring.pick()).toEqual({ kind: 'resting', restsFor: 5000 })
  expect(ring.health()).toEqual({ keys: 2, usable: 0, restsFor: 5000, problems: [] })
  clock.advance(5000)
  expect(await textOf(ring)).toBe('b')
  clock.advance(15_000)
  expect(await textOf(ring)).toBe('a')
})

test('a burst of refusals is one strike; the next ones double the rest, and a success ends that', async () => {
  environment['KEY'] = 'a'
  const ring = ringOf('env:KEY')
  const rests: number[] = []
  for (let n = 0; n < 6; n++) {
    const burst = [await picked(ring), await picked(ring), await picked(ring)]
    clock.advance(10)
    burst[0]?.report(status(429))
    clock.advance(10)
    for (const one of burst) one.report(status(429))
    rests.push(ring.health().restsFor + 10)
    clock.advance(100_000)
  }
  expect(rests).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000])
  const well = await picked(ring)
  well.report(undefined)
  const busy = await picked(ring)
  busy.report(status(429))
  expect(ring.health().restsFor).toBe(5000)
})

test('a call that began before a key was refused does not call the rest off when it ends well', async () => {
  environment['KEY'] = 'a'
  const ring = ringOf('env:KEY')
  const [slow, refused] = [await picked(ring), await picked(ring)]
  clock.advance(1)
  refused.report(status(401))
  slow.report(undefined)
  expect(await ring.pick()).toEqual({ kind: 'resting', restsFor: 60_000 })
})

test('what is no word about the key does not rest it', async () => {
  environment['KEY'] = 'a'
  const ring = ringOf('env:KEY')
  for (const failure of [status(500), status(403), status(400), { kind: 'aborted', isSent: true } as const]) {
    const key = await picked(ring)
    key.report(failure)
  }
  expect(ring.usable).toBe(1)
})

test('a refused key is replaced in its file: the next call has the new one, without a restart or a wait', async () => {
  const path = join(directory, 'keys')
  await writeFile(path, '# of the team\nold-key\n')
  const ring = ringOf(`file:${path}`)
  const old = await picked(ring)
  expect(old.secret.reveal()).toBe('old-key')
  await writeFile(path, 'new-key\n')
  expect(await textOf(ring)).toBe('old-key') // read a moment ago
  old.report(status(401))
  expect(await textOf(ring)).toBe('new-key')
})

test('sources are read again in the background; a variable that is taken away takes its key away', async () => {
  environment['KEY'] = 'a'
  const ring = ringOf('env:KEY')
  expect(await textOf(ring)).toBe('a')
  environment['KEY'] = 'b'
  clock.advance(2000)
  await ring.pick()
  await ring.refresh()
  expect(await textOf(ring)).toBe('b')
  delete environment['KEY']
  await ring.refresh()
  expect(await ring.pick()).toEqual({ kind: 'missing', sources: 'env:KEY' })
})

test('a file that is missing for a moment keeps its keys; one that was emptied has none', async () => {
  const path = join(directory, 'keys')
  await writeFile(path, 'a\r\n\r\nb')
  const ring = ringOf(`file:${path}`)
  await ring.refresh()
  await rm(path)
  await ring.refresh()
  expect(ring.health()).toMatchObject({ keys: 2, problems: [`file:${path} cannot be read (ENOENT)`] })
  await writeFile(path, '')
  await ring.refresh()
  expect(ring.health()).toMatchObject({ keys: 0, problems: [] })
})

test('a text that cannot be sent is not taken for a key, and is not shown', async () => {
  const path = join(directory, 'keys')
  await writeFile(path, 'good-key\nhalf a key\n\u00e9\n')
  const ring = ringOf(`file:${path}`)
  await ring.refresh()
  expect(ring.health()).toMatchObject({ keys: 1, problems: [`file:${path} holds 2 texts that cannot be keys`] })
})

test('a target without sources needs no key; one key named twice is one key', async () => {
  expect(await ringOf().pick()).toEqual({ kind: 'keyless' })
  environment['A'] = environment['B'] = 'same'
  const ring = ringOf('env:A', 'env:B')
  await ring.refresh()
  expect(ring.health().keys).toBe(1)
})

test('a key is never printed, by whatever prints it', async () => {
  environment['KEY'] = 'sk-secret'
  const ring = ringOf('env:KEY')
  const { secret } = await picked(ring)
  const printed = [
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret, { depth: null, showHidden: true }),
    inspect(ring, { depth: null, showHidden: true }),
    inspect(new Error('x', { cause: secret })),
    new MillraceError('model/no-key', { target: 'm', sources: String(secret) }).message,
  ]
  expect(printed.join('\n')).not.toContain('sk-secret')
  expect(credential('bearer', secret)).toEqual({ authorization: 'Bearer sk-secret' })
  expect(credential('x-api-key', secret)).toEqual({ 'x-api-key': 'sk-secret' })
})
