import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'rolldown'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { digestOf } from '../../core/json.ts'

/**
 * The digest of the code that a project's runs begin with (E9): of one bundle of the entry and all that it imports by path, and the versions of
 * the packages around it. The same for two checkouts, and after an edit of comments or of layout alone. 65-200 ms, once a start.
 *
 * What a prompt reads with `file(import.meta, ...)` is part of it, as it will be of the artefact. Errors: `run/not-bundled`.
 *
 * A run in flight keeps its digest and goes on with the present code of its pipeline's name: most edits do not touch the steps that it has
 * taken. Where one does, the replay finds it out, and the run is paused with `run/diverged` (E17). Artefacts of several versions side by side
 * take this place with canary and rollback.
 */
export async function bundleDigest(entryFile: string, root: string): Promise<string> {
  const packages = new Map<string, string>()
  try {
    const { rolldown } = await import('rolldown') // heavy: only a start needs it
    await using bundle = await rolldown({
      input: resolve(root, entryFile),
      cwd: root, // paths in the bundle are relative to it, and so the same in every checkout
      platform: 'node',
      logLevel: 'silent',
      plugins: [inlineFiles, notePackages(packages)],
    })
    const { output } = await bundle.generate({ format: 'esm', minify: true, comments: false })
    const chunks = output.flatMap((part) => (part.type === 'chunk' ? [part.code] : []))
    return digestOf({ chunks, packages: Object.fromEntries(packages) })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MillraceError('run/not-bundled', { path: entryFile, why: why.slice(0, 500) }, { cause })
  }
}

/** `file(import.meta, './reply.prompt')`, with a path that is written out. */
const fileCall = /\bfile\(\s*import\.meta\s*,\s*(['"`])([^'"`$]+)\1\s*,?\s*\)/g

const inlineFiles: Plugin = {
  name: 'inline-files',
  transform(code, id) {
    if (!code.includes('import.meta')) return null
    return code.replaceAll(fileCall, (_call, _quote, path: string) =>
      JSON.stringify(readFileSync(resolve(dirname(id), path), 'utf8')),
    )
  },
}

/** A package counts by its version, Node's own modules by their name alone. */
const notePackages = (packages: Map<string, string>): Plugin => ({
  name: 'note-packages',
  resolveId(id, importer) {
    if (id.startsWith('.') || isAbsolute(id) || id.startsWith('node:') || !importer) return null
    const found = findPackageJSON(id, pathToFileURL(importer).href)
    const { name, version } = found
      ? (JSON.parse(readFileSync(found, 'utf8')) as { name?: string; version?: string })
      : {}
    packages.set(name ?? id, version ?? '')
    return { id, external: true }
  },
})
