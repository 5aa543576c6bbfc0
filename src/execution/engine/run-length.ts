import type { RunId, WriterId } from '../../core/ids.ts'
import type { SegmentLimits } from './limits.ts'
import type { LoadedRun, Log } from './ports.ts'

interface RunLengthOptions {
  readonly loaded: LoadedRun
  readonly log: Log
  readonly writer: WriterId
  readonly limits: SegmentLimits
  /** Rows that the load found. */
  readonly rows: number
  readonly warn?: (message: string) => void
}

/** Owns: how long a run may get (E24). It warns once, when its half is passed by a row of this segment, not by one that was loaded. */
export class RunLength {
  readonly #options: RunLengthOptions
  readonly #run: RunId
  #hasWarned: boolean

  constructor(options: RunLengthOptions) {
    this.#options = options
    this.#run = options.loaded.run
    this.#hasWarned = this.#share(options.rows) >= 0.5
  }

  /** Of what a run may have, whichever is nearer: 1 is all of it. */
  #share(rows: number): number {
    const { log, writer, limits } = this.#options
    return Math.max((rows + 1) / limits.rows, log.inlineOf(writer, this.#run) / limits.inline) // one place is the `$end`'s
  }

  /** True: nothing more may begin. */
  isOver(rows: number): boolean {
    const share = this.#share(rows)
    if (share >= 0.5 && !this.#hasWarned) {
      this.#hasWarned = true
      const { limits, warn } = this.#options
      warn?.(
        `Run ${this.#run} has half of the ${limits.rows} rows or ${limits.inline} bytes that a run may have, and fails with run/too-long at all of them.`,
      )
    }
    return share >= 1
  }
}
