import { createContext, Script } from 'node:vm'
import type { Millis } from '../../core/clock.ts'

const script = new Script('run()')
const context = createContext({ run: undefined as (() => void) | undefined })

/**
 * Runs what a client's schema decides the length of: a `pattern` may take for ever on the wrong text, and no reading of the pattern says so for sure.
 * The engine ends it after `most`, inside a regular expression too (the watchdog of `node:vm` stops whatever runs meanwhile). It costs about 0.15 ms,
 * once for an answer. The work must own what it changes: it may end anywhere.
 */
export function boundedRun<T>(work: () => T, most: Millis): { readonly result: T } | 'too-long' {
  let result: { readonly result: T } | undefined
  context['run'] = () => {
    result = { result: work() }
  }
  try {
    script.runInContext(context, { timeout: most })
  } catch (error) {
    // Of another realm: it is no instance of Error here.
    if ((error as { readonly code?: unknown } | undefined)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
  } finally {
    context['run'] = undefined
  }
  return result ?? 'too-long'
}
