// `npm run build:console`: the console as the server serves it, and how much of it travels before the first page answers.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buildConsole, consoleDirectory } from '../src/server/console-build.ts'

/** Bytes of the shell as they travel: what the page itself names, compressed. */
const most = 180_000

await buildConsole()
const page = readFileSync(join(consoleDirectory, 'index.html'), 'utf8')
const shell = [...page.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((found) => found[1] ?? '')
const wire = (file: string): number => {
  const packed = statSync(join(consoleDirectory, `${file}.br`), { throwIfNoEntry: false })
  return (packed ?? statSync(join(consoleDirectory, file))).size
}
const total = shell.reduce((sum, file) => sum + wire(file), 0)
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`
const lazy = readdirSync(join(consoleDirectory, 'assets')).filter(
  (file) => /\.(?:js|css)$/.test(file) && !shell.includes(`assets/${file}`),
)
console.log(`shell ${kilobytes(total)} compressed, of ${kilobytes(most)} at most`)
for (const file of shell) console.log(`  ${kilobytes(wire(file)).padStart(9)}  ${file}`)
console.log(`loaded when first needed: ${lazy.length} files`)
for (const file of lazy) console.log(`  ${kilobytes(wire(`assets/${file}`)).padStart(9)}  assets/${file}`)
if (total > most) {
  console.error('The shell is too large: load what not every page needs with its own page.')
  process.exitCode = 1
}
