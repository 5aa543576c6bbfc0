import { setTimeout as sleep } from 'node:timers/promises'
import { startMillrace } from '../src/server/index.ts'
import { Parts } from './parts.ts'
import type { Answers, Ask, Said } from './server-messages.ts'

// Runs in a process of its own: a whole server on the data directory and project that the arguments name, which answers to questions over IPC.

const [home = '', config] = process.argv.slice(2)
const say = (said: Said): void => void process.send?.(said)

/** Collections of what finalizers freed before need a turn between them. */
async function memoryAfterCollection(): Promise<Answers['memory']> {
  for (let time = 0; time < 5; time++) {
    globalThis.gc?.()
    await sleep(50)
  }
  const { external, heapUsed, rss } = process.memoryUsage()
  return { resident: rss, heap: heapUsed, external }
}

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000

try {
  const parts = new Parts()
  const millrace = await startMillrace({ home, config, port: 0, env: process.env, say: () => {} })
  const answers: { readonly [K in Ask['ask']]: () => Answers[K] | Promise<Answers[K]> } = {
    memory: memoryAfterCollection,
    cpu: () => ({ main: milliseconds(process.threadCpuUsage()), all: milliseconds(process.cpuUsage()) }),
    watch: () => parts.watch(),
    parts: () => parts.figures(),
    stop: () => millrace.stop().then(() => null),
  }
  process.on('message', ({ ask }: Ask) => {
    void Promise.resolve(answers[ask]()).then((answer) => {
      say({ answer })
      if (ask === 'stop') process.disconnect()
    })
  })
  process.on('disconnect', () => void millrace.stop().finally(() => process.exit()))
  say({ url: millrace.url })
} catch (error) {
  say({ failed: error instanceof Error ? error.message : String(error) })
  process.disconnect()
}
