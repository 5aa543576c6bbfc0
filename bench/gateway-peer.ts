import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../src/server/embedded/free-port.ts'

const peer = '@portkey-ai/gateway@1.15.2'

/** The gateway that ours is compared with, as its maker builds it. */
export interface Peer {
  readonly url: string
  /** What tells it where to send a call. */
  headersFor(upstream: string): Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Installed for this measurement alone: nothing of ours depends on it. Undefined: it cannot be had here. */
export async function startPeer(): Promise<Peer | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-peer-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const installed = spawnSync('npm', ['install', '--prefix', folder, peer, ...options], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 120_000,
  })
  const program = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js')
  if (installed.status !== 0 || !existsSync(program)) {
    remove()
    return undefined
  }
  const port = await freePort()
  // Its port stands open on every address: it has no option for that.
  const child = spawn(process.execPath, [program, `--port=${port}`, '--headless'], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    remove()
  }
  for (let look = 0; look < 200; look++) {
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    )
    if (isUp)
      return {
        url,
        stop,
        headersFor: (upstream) => ({
          'x-portkey-provider': 'openai',
          'x-portkey-custom-host': `${upstream}/v1`,
          authorization: 'Bearer none',
        }),
      }
    await sleep(50)
  }
  await stop()
  return undefined
}
