import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/** Smaller than this, the headers of a second file weigh more than what it saves. */
const least = 1024

/** Writes `.br` and `.gz` beside each text of the build, so that the server compresses nothing while it serves. */
export function precompressed(): Plugin {
  let directory = 'dist'
  return {
    name: 'precompressed',
    apply: 'build',
    configResolved: (config) => void (directory = join(config.root, config.build.outDir)),
    closeBundle() {
      for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(?:js|css|svg)$/.test(file)) continue
        const bytes = readFileSync(join(directory, file))
        if (bytes.length < least) continue
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
        writeFileSync(join(directory, `${file}.br`), brotliCompressSync(bytes, { params }))
        writeFileSync(join(directory, `${file}.gz`), gzipSync(bytes, { level: 9 }))
      }
    },
  }
}
