import type { Millis } from '../../core/clock.ts'
import type { WriterId } from '../../core/ids.ts'
import { digestOf, type Json } from '../../core/json.ts'
import type { StepKind } from '../../core/lineage.ts'
import type { Settled, StepOptions, Token, WaitOptions } from './ports.ts'

/** Something that the author has asked for and that has not settled: a step or a wait. */
interface ArmBase {
  readonly key: string
  readonly kind: StepKind
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
  /** Under way: a body runs, or a row of it is being written. */
  isBusy: boolean
  /** By the segment's monotonic clock: when the next attempt may begin, or a wait ends. */
  due: Millis | undefined
  /** SHA-256 of the canonical arguments (E17). */
  readonly digest: string
  /** A row of it has been written or delivered. */
  hasRow: boolean
}

export interface StepArm extends ArmBase {
  readonly type: 'step'
  readonly body: (
    signal: AbortSignal,
    attempt: { readonly token: Token; readonly attempt: number },
  ) => Promise<Settled<Json>>
  readonly options: StepOptions
  failures: number
  /** Who wrote the intent of the attempt under way; undefined: none is. */
  intentBy: WriterId | undefined
  abort: AbortController | undefined
}

export interface WaitArm extends ArmBase {
  readonly type: 'wait'
  /** Undefined: a sleep, which only its deadline ends. */
  readonly options: WaitOptions<Json> | undefined
  readonly until: Millis | undefined
  isOpen: boolean
  /** Its item may have been decided: look. */
  mustLook: boolean
  /** Its item is being opened; settles when that is over. */
  opening: Promise<unknown> | undefined
}

export type Arm = StepArm | WaitArm

/** What an author's request says of its arm; the rest begins empty. */
export type AskedArm =
  | (Pick<StepArm, 'type' | 'kind' | 'body' | 'options'> & { readonly arguments: Json })
  | (Pick<WaitArm, 'type' | 'kind' | 'options' | 'until'> & { readonly arguments: Json })

/** Throws a TypeError when the arguments are not JSON. */
export function armOf(key: string, asked: AskedArm, settle: Pick<Arm, 'resolve' | 'reject'>): Arm {
  const { arguments: given, ...rest } = asked
  const base = { key, ...settle, isBusy: false, due: undefined, digest: digestOf(given), hasRow: false }
  return rest.type === 'step'
    ? { ...rest, ...base, failures: 0, intentBy: undefined, abort: undefined }
    : { ...rest, ...base, isOpen: false, mustLook: false, opening: undefined }
}

/** An effect whose intent is durable and whose outcome is not known yet: it lands before anything is told (E5). */
export const isLanding = (arm: Arm): boolean => arm.type === 'step' && arm.intentBy !== undefined
