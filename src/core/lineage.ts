import { hash } from 'node:crypto'
import { sha256 } from './json.ts'
import type { FactorId, RunId, WriterId } from './ids.ts'

/** What a row of a run's log is (E17). `try3` is the third failed attempt. */
export type Phase = 'intent' | 'open' | 'end' | `try${number}`

/** How a row ended, as far as the ledger says it. */
export type RowOutcome = 'pending' | 'done' | 'failed' | 'denied' | 'timed-out' | 'cancelled'

/** What a step consists of. `$` rows are the run's own. */
export type StepKind =
  | 'classify'
  | 'extract'
  | 'generate'
  | 'embed'
  | 'retrieve'
  | 'decide'
  | 'act'
  | 'gate'
  | 'review'
  | 'task'
  | 'rpa'
  | 'sleep'
  | 'signal'
  | 'call'
  | 'run'
  | 'step'

/**
 * A ledger leaf: minted ids, enumerations, numbers and salted commitments only; no string from outside (L7).
 * What a person would read stands encrypted in the row's body, which `commitment` binds.
 */
export interface Leaf {
  readonly run: RunId
  readonly seq: number
  readonly phase: Phase
  readonly kind: StepKind
  /**
   * What the record is about, where no body says it; the leaf holds its SHA-256. A run's rows have it in the body instead: a step's key may
   * carry an author's own, and a hash without salt can be guessed.
   */
  readonly key?: string | undefined
  readonly outcome: RowOutcome
  /** The database's time, in whole milliseconds since 1970. */
  readonly at: number
  readonly writer: WriterId
  /** HMAC of the row's body under a salt that is encrypted beside it; absent when the row has no body. */
  readonly commitment?: string | undefined
  /** Ids of the versions that took part: models, prompts, rules, policies, documents, people. Sorted. */
  readonly factors?: readonly FactorId[] | undefined
  /** 0 to 1. */
  readonly confidence?: number | undefined
  /** Nano-units of the tenant's currency; absent: not known, never zero (C6). */
  readonly cost?: number | undefined
  /** How long the body ran, in milliseconds. */
  readonly ms?: number | undefined
  /** Of an `$end` row: how many rows the run has, this one included (L6). */
  readonly rows?: number | undefined
}

/** The version byte before the canonical JSON (L9). */
const version = 0x01

/**
 * The canonical bytes of a leaf: a version byte, then RFC 8785 JSON. Written by a fixed template in key order, 0.1 microseconds
 * where canonicalising costs 5 (E21); `lineage.test.ts` holds it against the canonicaliser.
 */
export function leafBytes(leaf: Leaf): Buffer {
  const { at, commitment, confidence, cost, factors, key, kind, ms, outcome, phase, rows, run, seq, writer } = leaf
  const text =
    `{"at":${at}` +
    (commitment === undefined ? '' : `,"commitment":"${commitment}"`) +
    (confidence === undefined ? '' : `,"confidence":${confidence}`) +
    (cost === undefined ? '' : `,"cost":${cost}`) +
    (factors === undefined || factors.length === 0 ? '' : `,"factors":["${factors.join('","')}"]`) +
    (key === undefined ? '' : `,"key":"${sha256(key)}"`) +
    `,"kind":"${kind}"` +
    (ms === undefined ? '' : `,"ms":${ms}`) +
    `,"outcome":"${outcome}","phase":"${phase}"` +
    (rows === undefined ? '' : `,"rows":${rows}`) +
    `,"run":"${run}","seq":${seq},"writer":"${writer}"}`
  const bytes = Buffer.allocUnsafe(text.length + 1) // ASCII only, by what a leaf may hold
  bytes[0] = version
  bytes.write(text, 1, 'latin1')
  return bytes
}

/** RFC 6962: SHA-256 of a zero byte and the leaf. */
export function leafHash(bytes: Uint8Array): Buffer {
  const prefixed = Buffer.alloc(bytes.length + 1)
  prefixed.set(bytes, 1)
  return hash('sha256', prefixed, 'buffer')
}
