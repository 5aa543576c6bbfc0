import { HeadMisfit } from '../head/head-session.ts'
import { GraphMisfit } from './graph-misfit.ts'
import type { Refusal } from './protocol.ts'
import { TokenizerMisfit } from './tokenizer.ts'

/** A refusal on its way out of the worker. */
export class Refused extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.why)
    this.refusal = refusal
  }
}

/** What the host is told of an error; of a native one only that there was one. */
export function refusalOf(error: unknown, otherwise: 'failed' | 'bad-encoder'): Refusal {
  if (error instanceof Refused) return error.refusal
  if (error instanceof TokenizerMisfit) return { reason: 'bad-tokenizer', why: error.message }
  if (error instanceof HeadMisfit) return { reason: 'bad-head', why: error.message }
  if (error instanceof GraphMisfit) return { reason: otherwise, why: error.message }
  if (error instanceof TypeError) return { reason: otherwise, why: error.message }
  return { reason: otherwise, why: 'ONNX Runtime refused it' }
}
