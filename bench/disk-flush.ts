import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './bench.ts'

/** Milliseconds of one flush of 8 kB to the disk that a benchmark's database lies on, at the median: no commit is faster. */
export function diskFlush(): number {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-flush-'))
  const file = openSync(join(folder, 'flushed'), 'w')
  try {
    const page = Buffer.alloc(8192, 1)
    return median(
      Array.from({ length: 100 }, (_, at) => {
        writeSync(file, page, 0, page.length, (at % 64) * page.length)
        const begun = performance.now()
        fdatasyncSync(file)
        return performance.now() - begun
      }),
    )
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true, force: true })
  }
}
