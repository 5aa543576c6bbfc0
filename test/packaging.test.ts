import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

// No image is built and no unit is started here: what can be wrong in the files themselves is looked at.

const root = resolve(import.meta.dirname, '..')
const container = readFileSync(join(root, 'packaging/Containerfile'), 'utf8')
const unit = readFileSync(join(root, 'packaging/millrace.service'), 'utf8')

test('the image has every folder that the server reads, and takes nothing but what the repository has', () => {
  const copied = [...container.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '))
  expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([])
  const needed = ['src', 'scripts', 'models', 'pipelines', 'millrace.config.ts', 'package.json']
  expect(needed.filter((name) => !copied.includes(name))).toEqual([])
})

test('the image runs as nobody in particular, and keeps what changes in a volume', () => {
  expect(container).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m)
  expect(container).toMatch(/^VOLUME \/data$/m)
  expect(container).toContain('MILLRACE_HOME=/data')
  expect(container.indexOf('\nUSER')).toBeLessThan(container.indexOf('\nENTRYPOINT'))
})

test('systemd accepts the unit, where it is installed', ({ skip }) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-unit-'))
  try {
    const path = join(folder, 'millrace.service')
    writeFileSync(path, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`)) // nothing is installed in /opt
    const ran = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
    if (ran.error) return skip('systemd is not installed')
    expect([ran.stderr, ran.status]).toEqual(['', 0])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('hadolint accepts the image, where it is installed', ({ skip }) => {
  const ran = spawnSync(process.env['HADOLINT'] ?? 'hadolint', [join(root, 'packaging/Containerfile')], {
    encoding: 'utf8',
  })
  if (ran.error) return skip('hadolint is not installed')
  expect([ran.stdout, ran.status]).toEqual(['', 0])
})
