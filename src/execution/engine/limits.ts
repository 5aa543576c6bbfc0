import type { Millis } from '../../core/clock.ts'

/** A body above this, in bytes, stands beside its row and not in it. */
export const inlineBytes: number = 64 * 1024

/** Of bodies of these lengths, the bytes that stand inline. */
export const inlineOf = (lengths: readonly number[]): number =>
  lengths.reduce((sum, bytes) => sum + (bytes > inlineBytes ? 0 : bytes), 0)

/** What bounds a segment (E8, E20). */
export interface SegmentLimits {
  /** Bodies at once, the opening of waits included (E20). */
  readonly bodies: number
  /** A deadline nearer than this is waited for; a longer one parks (E6, E17). */
  readonly linger: Millis
  /** The longest result, in bytes of JSON (E8). */
  readonly result: number
  /** How long a body may go on after its abort (E8). */
  readonly unsettled: Millis
  /** What an intent's deadline has beyond the step's timeout (E17). */
  readonly grace: Millis
  /** How long a wait may take to be opened, read or closed (E8). */
  readonly port: Millis
  /** How long segments may go on when their process is asked to end. */
  readonly drain: Millis
  /** The most rows of a run, and bytes of their bodies that stand inline (E24). */
  readonly rows: number
  readonly inline: number
}

export const defaultLimits: SegmentLimits = {
  bodies: 64,
  linger: 1000,
  result: 16 * 1024 * 1024,
  unsettled: 10_000,
  grace: 5000,
  port: 15_000,
  drain: 10_000,
  rows: 4096,
  inline: 4 * 1024 * 1024,
}
