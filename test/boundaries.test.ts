import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

// Reads the imports of every source file and holds them against the direction of dependency (docs/decisions/0001-folders.md).

const root = resolve(import.meta.dirname, '..')
const planes = ['intake', 'execution', 'models', 'knowledge', 'review', 'governance', 'telemetry']

/** What a folder may import besides itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  sdk: ['core'],
  store: ['core'],
  ...Object.fromEntries(planes.map((plane) => [plane, ['core', 'sdk', 'store']])),
  testing: ['core', 'sdk', 'store', ...planes],
  server: ['core', 'sdk', 'store', ...planes],
  cli: ['core', 'sdk', 'store', ...planes, 'server'],
  pipelines: [],
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name.endsWith('.ts') && !file.parentPath.includes('node_modules'))
    .map((file) => relative(root, join(file.parentPath, file.name)))
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
  return [
    ...text.matchAll(
      /(?:^|[;\n])\s*(?:import|export)\s[^'"()]*?from\s*['"]([^'"]+)['"]|(?:^|[^.\w])import\s*\(\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g,
    ),
  ].map((found) => found[1] ?? found[2] ?? found[3] ?? '')
}

const roomOf = (file: string): string =>
  file.startsWith('src/') ? (file.split('/')[1] ?? '') : (file.split('/')[0] ?? '')
const isTest = (file: string): boolean => /\.test\.ts$|\/conformance\/|\/testing\.ts$/.test(file)
const files = [...sources('src'), ...sources('pipelines')]

test('a folder imports only what the direction of dependency allows', () => {
  const breaches = files.flatMap((file) =>
    importsOf(file)
      .filter((to) => to.startsWith('.'))
      .map((to) => relative(root, resolve(dirname(join(root, file)), to)))
      .filter((to) => roomOf(to) !== roomOf(file) && !(allowed[roomOf(file)] ?? []).includes(roomOf(to)))
      .filter(
        (to) =>
          !(
            isTest(file) &&
            (roomOf(to) === 'testing' || roomOf(to) === 'server' || roomOf(to) === 'test' || roomOf(to) === 'store')
          ),
      )
      .map((to) => `${file} imports ${to}`),
  )
  expect(breaches).toEqual([])
})

test('a pipeline imports millrace and zod alone', () => {
  const breaches = files
    .filter((file) => roomOf(file) === 'pipelines' && !isTest(file))
    .flatMap((file) =>
      importsOf(file)
        .filter((to) => !to.startsWith('.') && to !== 'millrace' && to !== 'zod')
        .map((to) => `${file} imports ${to}`),
    )
  expect(breaches).toEqual([])
})

test('core does no input or output', () => {
  const io = /^node:(?!crypto$|timers\/promises$|async_hooks$|util$)/
  const breaches = files
    .filter((file) => roomOf(file) === 'core' && !isTest(file))
    .flatMap((file) =>
      importsOf(file)
        .filter((to) => io.test(to))
        .map((to) => `${file} imports ${to}`),
    )
  expect(breaches).toEqual([])
})

test('no file is part of an import cycle', () => {
  const graph = new Map(
    files.map((file) => [
      file,
      importsOf(file)
        .filter((to) => to.startsWith('.'))
        .map((to) => relative(root, resolve(dirname(join(root, file)), to))),
    ]),
  )
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) return void cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
    if (done.has(file)) return
    for (const to of graph.get(file) ?? []) visit(to, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(cycles).toEqual([])
})

test('nothing in a plane reads the clock or draws a number by itself', () => {
  const guarded = files.filter(
    (file) => [...planes, 'sdk', 'store'].includes(roomOf(file)) && !isTest(file) && !file.includes('/shims'),
  )
  const breaches = guarded.filter((file) =>
    /\bDate\.now\(\)|\bMath\.random\(\)/.test(
      readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
    ),
  )
  expect(breaches).toEqual([])
})
