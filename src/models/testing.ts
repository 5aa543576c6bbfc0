import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory that is removed when the test ends. */
export function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'millrace-models-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** A copy of a model directory that a test may damage. */
export function copyOf(directory: string, to: string): string {
  cpSync(directory, to, { recursive: true })
  return to
}

const topics: Readonly<Record<string, readonly [string, string][]>> = {
  weather: [
    ['Will it', 'rain'],
    ['Is it going to', 'snow'],
  ],
  football: [
    ['Who won the', 'football match'],
    ['When is the next', 'cup final'],
  ],
  cooking: [
    ['How do I', 'bake bread'],
    ['How long should I', 'boil rice'],
  ],
}
const times = [
  'today',
  'tomorrow',
  'on Friday',
  'next week',
  'in the evening',
  'this month',
  'at the weekend',
  'in May',
]

/** 48 texts under three labels, as CSV; with `extra` lines behind them. */
export function smallCsv(directory: string, extra: readonly string[] = []): string {
  const rows = Object.entries(topics).flatMap(([label, stems]) =>
    stems.flatMap(([start, end]) => times.map((time) => `"${start} ${end} ${time}?",${label}`)),
  )
  const path = join(directory, 'small.csv')
  writeFileSync(path, ['text,label', ...rows, ...extra].join('\n'))
  return path
}
