// Makes a checkout runnable: the first half of `npm start` and `npm test`, on the Node that runs npm (18 or newer), so plain JavaScript.
//
// Owns: the installation under node_modules and its stamp. Does not own: anything that runs afterwards.
//
// 1. A stamp that fits the lock means ready: nothing is loaded or started, 0.15 s.
// 2. One installation at a time. The gate is a directory beside node_modules, which an installation may delete; its `owner` file holds a pid
//    and is touched every second. A waiter takes the gate over when that pid is dead, or when nobody touched the file for 15 s of the
//    waiter's own time (in a container a dead owner's pid soon belongs to somebody else).
// 3. Standard output stays empty: `npm run -s millrace -- … --json` prints its one document there.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const at = (path) => join(root, path)
const [stamp, gate, owner, node] = [
  at('node_modules/.ready'),
  at('.ready.lock'),
  at('.ready.lock/owner'),
  at('node_modules/.bin/node'),
]
const silentFor = 15_000

const wanted = ['package-lock.json', 'package.json'].reduce(
  (hash, file) => hash.update(readFileSync(at(file))),
  createHash('sha256'),
)
const key = `${wanted.digest('hex')} ${process.platform}-${process.arch}`
const isReady = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === key && existsSync(node)

if (!isReady()) {
  await enter()
  const problem = isReady() ? undefined : await install()
  rmSync(gate, { recursive: true, force: true })
  if (problem) fail(problem)
}

/** Returns when this process alone may install. */
async function enter() {
  let [seen, since, hasSpoken] = [0, performance.now(), false]
  for (;;) {
    try {
      mkdirSync(gate)
      return writeFileSync(owner, String(process.pid))
    } catch (error) {
      if (error.code !== 'EEXIST')
        fail(
          `${gate} cannot be made (${error.code}): the dependencies are installed here, so this directory must be writable.`,
        )
    }
    const { pid, touched } = readOwner()
    if (touched !== seen) [seen, since] = [touched, performance.now()]
    const isGone = pid > 0 ? !isAlive(pid) || pid === process.pid : false
    if ((isGone || performance.now() - since > silentFor) && takeOver(pid)) return
    if (!hasSpoken) console.error('Another command is installing the dependencies: waiting for it.')
    hasSpoken = true
    await sleep(300)
  }
}

/** Several waiters may find one owner dead: who makes the directory named after that owner is the next. */
function takeOver(pid) {
  const mark = join(gate, `after-${pid}`)
  try {
    mkdirSync(mark)
  } catch (error) {
    // Its maker was killed in the next two lines: then its mark is as stale as the owner, and the gate opens for the next round.
    const age = error.code === 'EEXIST' ? Date.now() - statSync(mark, { throwIfNoEntry: false })?.mtimeMs : 0
    if (age > silentFor) rmSync(gate, { recursive: true, force: true })
    return false
  }
  if (readOwner().pid !== pid) {
    rmdirSync(mark) // a new gate, made between the look and the mark
    return false
  }
  writeFileSync(owner, String(process.pid))
  rmdirSync(mark)
  return true
}

function readOwner() {
  try {
    return { pid: Number.parseInt(readFileSync(owner, 'utf8'), 10) || 0, touched: statSync(owner).mtimeMs }
  } catch {
    return { pid: 0, touched: 0 } // the gate has just been made, or has just gone
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Answers what went wrong, for people. */
async function install() {
  console.error('Installing the dependencies (first start, or the lock changed): half a minute to a minute.')
  rmSync(stamp, { force: true })
  const { status, signal } = await npm([
    // Not `npm ci`: it fails where a registry lacks the bindings of other systems. The user's own settings must not leave anything out.
    ...[
      'install',
      '--no-save',
      '--package-lock',
      '--include=dev',
      '--include=optional',
      '--ignore-scripts=false',
      '--engine-strict=false',
    ],
    ...['--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier'],
  ])
  if (signal) return 'The installation was interrupted. Run the same command again to finish it.'
  if (status !== 0) {
    return 'The dependencies could not be installed: `npm install` failed, see above. Check the network and the disk, then run the same command again.'
  }
  if (!existsSync(node)) {
    return `There is no Node 24 for ${process.platform}-${process.arch} among the packages: Millrace runs on Linux and macOS, x64 and arm64.`
  }
  writeFileSync(stamp, key)
  return undefined
}

/** Runs npm with its output on standard error, touching the gate meanwhile. Answers the exit status, or the signal that ended it or us. */
async function npm(args) {
  const { spawn } = await import('node:child_process')
  // The npm that runs this script, if it is one: another package manager also names itself in this variable.
  const path = process.env.npm_execpath ?? ''
  const [file, before] = basename(path).startsWith('npm-cli') ? [process.execPath, [path]] : ['npm', []]
  // For an npm older than 11, which knows no `allowScripts`: that script looks for CUDA libraries outside the registry and fails without them.
  const env = { ...process.env, npm_config_onnxruntime_node_install: 'skip' }
  const child = spawn(file, [...before, ...args], { cwd: root, env, stdio: ['ignore', 2, 2] })
  const touch = setInterval(() => existsSync(owner) && utimesSync(owner, new Date(), new Date()), 1000)
  let asked
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill((asked = signal)))
  const ended = await new Promise((resolve) => {
    child.once('error', (error) =>
      resolve({ status: 1, said: console.error(`npm cannot be started: ${error.message}`) }),
    )
    child.once('exit', (status, signal) => resolve({ status, signal: asked ?? signal }))
  })
  clearInterval(touch)
  return ended
}

/** The last line that is seen. */
function fail(why) {
  console.error(`\n${why}`)
  process.exit(1)
}
