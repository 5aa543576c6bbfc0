import { AsyncLocalStorage } from 'node:async_hooks'
import { builtinModules, createRequire, syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'
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

function guarded(original: Callable, what: string): Callable {
  const guard = function (this: unknown, ...args: never[]): unknown {
    if (authors.getStore()) throw refused(what)
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args)
  }
  const own: PropertyDescriptorMap & { [promisify.custom]?: PropertyDescriptor } =
    Object.getOwnPropertyDescriptors(original)
  const promised: unknown = own[promisify.custom]?.value // of timers: the same by another door, which names itself
  if (typeof promised === 'function')
    own[promisify.custom] = { value: promised === original ? guard : guarded(promised as Callable, what) }
  Object.defineProperties(guard, own)
  return guard
}

function guardAll(holder: object, names: readonly string[], prefix = ''): void {
  for (const name of names) {
    const original: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value // never through a getter, which may load much
    if (typeof original !== 'function') continue
    const value = guarded(original as Callable, prefix + name)
    Object.defineProperty(holder, name, { value, writable: true, configurable: true, enumerable: true })
  }
}

/** What waits, reads a clock or draws chance, beyond `Date` and `Math.random`, which are shimmed. */
const globals = [
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'CompressionStream',
  'DecompressionStream',
  'WebSocket',
  'EventSource',
]
const ofWebAssembly = ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming']
const ofCrypto = ['getRandomValues', 'randomUUID']

/**
 * Node's own modules that a pipeline's code may call, since they compute, or since the platform works with them meanwhile. Every function of the
 * others is refused: an action is the place for them.
 */
const free = new Set(
  'assert async_hooks buffer console constants crypto diagnostics_channel events module path perf_hooks process punycode querystring stream string_decoder sys url util v8 vm'.split(
    ' ',
  ),
)
/** No code that anybody runs in production: not loaded in order to be guarded. */
const unused = /^(?:_|node:|cluster|domain|inspector|repl|trace_events|wasi)/
/** Of crypto, what draws chance or waits. */
const chancy = [
  'randomBytes',
  'randomInt',
  'randomUUID',
  'randomFill',
  'randomFillSync',
  'pbkdf2',
  'scrypt',
  'hkdf',
  'generateKeyPair',
  'generateKey',
]

function guardModules(): void {
  const load = createRequire(import.meta.url)
  for (const name of builtinModules) {
    if (free.has(name.split('/')[0] ?? '') || unused.test(name)) continue
    const holder = load(name) as object
    guardAll(
      holder,
      Object.keys(holder).filter((key) => /^[a-z]/.test(key)),
      `${name}.`,
    ) // a class does nothing by being made
  }
  guardAll(load('crypto') as object, chancy, 'crypto.')
  syncBuiltinESMExports() // named imports see the guards too
}

let installed = false

/** Puts the shims in place, once a process. Outside a pipeline's code each costs one look at the async context. */
export function installAuthorGuard(): void {
  if (installed) return
  installed = true
  guardAll(globalThis, globals)
  guardAll((globalThis as unknown as { WebAssembly: object }).WebAssembly, ofWebAssembly, 'WebAssembly.') // not in the types of Node
  guardAll(AbortSignal, ['timeout'], 'AbortSignal.')
  guardAll(Atomics, ['waitAsync'], 'Atomics.')
  guardAll(Object.getPrototypeOf(globalThis.performance) as object, ['now'], 'performance.')
  const { crypto } = globalThis
  const subtle = Object.getPrototypeOf(crypto.subtle) as object
  guardAll(
    subtle,
    Object.getOwnPropertyNames(subtle).filter((name) => name !== 'constructor'),
    'crypto.subtle.',
  )
  guardAll(Object.getPrototypeOf(crypto) as object, ofCrypto, 'crypto.')
  guardModules()
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
