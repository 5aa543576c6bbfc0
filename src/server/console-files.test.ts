import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemRandom } from '../core/random.ts'
import { ConsoleFiles } from './console-files.ts'

let directory: string
let files: ConsoleFiles
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-console-'))
  mkdirSync(join(directory, 'dist/assets'), { recursive: true })
  writeFileSync(join(directory, 'secret.txt'), 'a secret')
  writeFileSync(join(directory, 'dist/index.html'), '<meta name="csp-nonce" content="__NONCE__" />')
  writeFileSync(join(directory, 'dist/mark.svg'), '<svg/>')
  writeFileSync(join(directory, 'dist/assets/index-abc.js'), 'plain')
  writeFileSync(join(directory, 'dist/assets/index-abc.js.br'), 'packed')
  files = new ConsoleFiles(join(directory, 'dist'), systemRandom)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const ask = async (path: string, init?: RequestInit): Promise<Response> =>
  files.over(() => new Response('the API'))(new Request(`http://127.0.0.1${path}`, init), {})

test('a page is any address outside the API; its policy lets only its own nonce style it, and it is never stored', async () => {
  const [one, other] = [await ask('/runs/run_1?status=x'), await ask('/')]
  const text = await one.text()
  const nonce = /content="([^"]+)"/.exec(text)?.[1] ?? ''
  expect(one.headers.get('content-security-policy')).toContain(`style-src 'self' 'nonce-${nonce}'`)
  expect(one.headers.get('content-security-policy')).toContain(`default-src 'none'; script-src 'self';`)
  expect(one.headers.get('cache-control')).toBe('no-store')
  expect(await other.text()).not.toBe(text) // a nonce used twice would be no nonce
  for (const path of ['/api/v1/nothing', '/v1/models', '/v2', '/metrics', '/api'])
    expect(await (await ask(path)).text()).toBe('the API')
  expect(await (await ask('/runs', { method: 'POST' })).text()).toBe('the API')
})

test('a hashed file is kept for ever and sent packed to who takes it; a missing one is no page', async () => {
  const packed = await ask('/assets/index-abc.js', { headers: { 'accept-encoding': 'gzip, br' } })
  expect([await packed.text(), packed.headers.get('content-encoding')]).toEqual(['packed', 'br'])
  expect(packed.headers.get('cache-control')).toContain('immutable')
  expect(await (await ask('/assets/index-abc.js')).text()).toBe('plain')
  expect((await ask('/mark.svg')).headers.get('cache-control')).toBe('no-cache')
  const old = await ask('/assets/index-of-yesterday.js')
  expect([old.status, old.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8'])
})

test('no address leads out of the directory', async () => {
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//secret.txt',
  ])
    expect(await (await ask(path)).text()).not.toContain('a secret')
})

test('without a build the page says how to make one', async () => {
  const answer = await new ConsoleFiles(join(directory, 'nowhere'), systemRandom).over(() => new Response())(
    new Request('http://127.0.0.1/'),
    {},
  )
  expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('npm run build:console')])
})
