import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** A process of its own, since what is tested ends it. */
const run = (then: string) =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { startWatchdog } from ${JSON.stringify(new URL('./watchdog.ts', import.meta.url).href)}
       import { systemClock } from ${JSON.stringify(new URL('../../core/clock.ts', import.meta.url).href)}
       const stop = await startWatchdog({ clock: systemClock, live: new Map([['run_looping', 0]]), stall: 400 })
       ${then}`,
    ],
    { encoding: 'utf8', timeout: 30_000 },
  )

test('an endless loop ends its process, and the run is named (E7)', () => {
  const { signal, stderr } = run('for (;;);')
  expect(signal).toBe('SIGKILL')
  expect(stderr).toContain('Live runs: run_looping.')
})

test('a process whose event loop turns is left alone, and ends when the watchdog is stopped', () => {
  const { status, signal } = run('setTimeout(() => void stop(), 1500)')
  expect([status, signal]).toEqual([0, null])
})
