import { spawn } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const consoleFolder = join(root, 'console')
/** Where the built console lies. */
export const consoleDirectory: string = join(consoleFolder, 'dist')
const vite = join(root, 'node_modules/vite/bin/vite.js')

/** What a build is made of. */
const sources = ['src', 'public', 'index.html', 'vite.config.ts', 'precompressed.ts', 'package.json']

/** An installation without its sources or without Vite (a container) serves what was built into it. */
export function isConsoleStale(): boolean {
  if (!existsSync(join(consoleFolder, 'src')) || !existsSync(vite)) return false
  const built = statSync(join(consoleDirectory, 'index.html'), { throwIfNoEntry: false })?.mtimeMs
  if (built === undefined) return true
  return sources.some((name) => newestIn(join(consoleFolder, name)) > built)
}

function newestIn(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))))
}

/** Builds into a directory of its own, then takes the old one's place: a server that starts meanwhile never reads half a build. */
export async function buildConsole(): Promise<void> {
  const fresh = `dist-${process.pid}`
  const child = spawn(process.execPath, [vite, 'build', '--outDir', fresh, '--emptyOutDir', '--logLevel', 'warn'], {
    cwd: consoleFolder,
    env: { ...process.env, NODE_ENV: 'production' }, // whatever the server's is: a development build of React is four times as large
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
  const status = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(1))
    child.once('close', (code) => resolve(code ?? 1))
  })
  if (status !== 0) {
    rmSync(join(consoleFolder, fresh), { recursive: true, force: true })
    throw new Error(`the console could not be built: ${said.trim().slice(-2000)}`)
  }
  const made = join(consoleFolder, fresh)
  try {
    if (!isConsoleStale()) return // another process was faster, from the same sources
    rmSync(consoleDirectory, { recursive: true, force: true })
    renameSync(made, consoleDirectory)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

/** For a start: builds what is stale, and says so. A build that fails leaves the server without new pages, never without its API. */
export async function readyConsole(
  say: (text: string, entry: { event: string; level?: 'warn' }) => void,
): Promise<void> {
  if (!isConsoleStale()) return
  say('building the console (its sources have changed): a few seconds', { event: 'console-building' })
  try {
    await buildConsole()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    say(why, { event: 'console-not-built', level: 'warn' })
  }
}
