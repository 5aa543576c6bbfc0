import { readFile } from 'node:fs/promises'
import { Secret } from './secret.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What a source held when it was read; `why` it could not be read, as a system error's code. */
export type Keys =
  | { readonly keys: readonly Secret[]; readonly unusable: number }
  | { readonly keys: undefined; readonly why: string }

/** What can stand in a header. */
const usable = /^[\x21-\x7e]{1,4096}$/
/** A file of keys is small; whoever names another file by mistake does not load it into memory. */
const largest = 64 * 1024

/**
 * Reads `env:NAME` or `file:PATH`, each as it is now. A variable holds one key, or several with commas between; a file one a line, `#` begins a
 * comment. An unset variable and an empty file hold none, which is how a key is taken away.
 */
export async function readKeys(source: string, environment: Environment): Promise<Keys> {
  if (source.startsWith('env:')) return keysIn((environment[source.slice(4)] ?? '').split(/[,\s]+/), source)
  try {
    const text = await readFile(source.slice('file:'.length), 'utf8')
    if (text.length > largest) return { keys: undefined, why: 'EFBIG' }
    return keysIn(
      text.split(/\r?\n/).map((line) => line.replace(/^\s*#.*/, '').trim()),
      source,
    )
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return { keys: undefined, why: typeof code === 'string' ? code : 'unknown' }
  }
}

function keysIn(texts: readonly string[], source: string): Keys {
  const found = texts.filter((text) => text !== '')
  const good = found.filter((text) => usable.test(text))
  const keys = good.map((text, n) => new Secret(text, good.length > 1 ? `${source}#${n + 1}` : source))
  return { keys, unusable: found.length - good.length }
}
