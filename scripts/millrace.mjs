#!/usr/bin/env node
// The `millrace` command where the package is installed: finds a Node that runs TypeScript (24 or newer) and hands everything to src/cli/main.ts.
// Plain JavaScript, since an older Node may start it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const main = join(root, 'src/cli/main.ts')
const isNewEnough = Number.parseInt(process.versions.node, 10) >= 24

/** The packages may lie in this package's own node_modules or, hoisted, in that of any directory above. */
function bundledNode() {
  for (let folder = root; ; folder = dirname(folder)) {
    const node = join(folder, 'node_modules/.bin/node')
    if (existsSync(node)) return node
    if (folder === dirname(folder)) return undefined
  }
}

if (isNewEnough) {
  process.argv[1] = main
  await import(pathToFileURL(main).href)
} else {
  const node = bundledNode()
  if (!node) {
    console.error(
      `Millrace needs Node 24, this is ${process.versions.node}, and the one that Millrace brings is not installed. Run npm install with optional packages.`,
    )
    process.exit(1)
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl-C reaches the child by itself; a signal to this process alone must too, and the child says when it has ended.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    console.error(`${node} cannot be started: ${error.message}`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
