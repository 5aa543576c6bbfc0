import { AsyncLocalStorage } from 'node:async_hooks'
import { RunFailure } from './failures.ts'

/**
 * Owns: whose code is running. A pipeline's code is replayed, so in it time, chance and foreign waiting are shimmed or refused (E1), and a
 * rejection that nobody handles is its own run's, never the process's (E7). Bodies of steps run outside and are free.
 *
 * What it cannot see, such as a promise of a library that was loaded before, the segment's asking rule finds (E1).
 */
export interface Author {
  /** The recorded time: what `Date` shows in a pipeline. */
  now(): number
  random(): number
  /** The author's code did what a replay could not repeat, or left a rejection unhandled. */
  fail(error: Error): void
}

const authors = new AsyncLocalStorage<Author>()
const shields = new AsyncLocalStorage<true>()

/** Runs a pipeline's code. */
export const asAuthor = <T>(author: Author, code: () => T): T => authors.run(author, code)
/** Runs a body outside the pipeline's code. */
export const outsideAuthor = <T>(code: () => T): T => authors.exit(code)
export const shielded = <T>(code: () => T): T => shields.run(true, code)
export const isShielded = (): boolean => shields.getStore() === true

const refused = (what: string): RunFailure =>
  new RunFailure(
    'run/foreign-await',
    `A pipeline's code called ${what}. Its replay could not see the same: use the context (sleep, now, random) or put the call into an action.`,
  )

type Callable = (...args: never[]) => unknown

function guardFunction<T extends object>(holder: T, name: keyof T & string, what = name): void {
  const original = holder[name] as Callable | undefined
  if (typeof original !== 'function') return
  const guarded = function (this: unknown, ...args: never[]): unknown {
    if (authors.getStore()) throw refused(what)
    return Reflect.apply(original, this, args)
  }
  Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(original))
  Object.defineProperty(holder, name, { value: guarded, writable: true, configurable: true, enumerable: true })
}

let installed = false

/** Puts the shims in place, once a process. Outside a pipeline's code each costs one look at the async context. */
export function installAuthorGuard(): void {
  if (installed) return
  installed = true
  for (const name of ['fetch', 'setTimeout', 'setInterval', 'setImmediate'] as const) guardFunction(globalThis, name)
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Record<string, Callable> } // not in the types of Node
  for (const name of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming'])
    guardFunction(wasm, name, `WebAssembly.${name}`)
  const subtle = Object.getPrototypeOf(globalThis.crypto.subtle) as Record<string, Callable>
  for (const name of Object.getOwnPropertyNames(subtle))
    if (name !== 'constructor') guardFunction(subtle, name, `crypto.subtle.${name}`)
  const random = Math.random
  Math.random = () => authors.getStore()?.random() ?? random()
  globalThis.Date = new Proxy(Date, {
    construct: (target, args: [], newTarget: typeof Date) => {
      const author = args.length === 0 ? authors.getStore() : undefined
      return Reflect.construct(target, author ? [author.now()] : args, newTarget) as object
    },
    apply: (target, self, args: []) => {
      const author = authors.getStore()
      return author ? new target(author.now()).toString() : Reflect.apply<Date, [], string>(target, self, args)
    },
    get: (target, name, receiver) => {
      if (name === 'now') return dateNow
      return Reflect.get(target, name, receiver) as unknown
    },
  })
  process.on('unhandledRejection', (reason) => {
    const error = reason instanceof Error ? reason : new Error(String(reason))
    const author = authors.getStore()
    if (!author) throw error
    author.fail(error)
  })
}

const realNow = Date.now
const dateNow = (): number => authors.getStore()?.now() ?? realNow()
