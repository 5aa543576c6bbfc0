import { z } from 'zod'

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)
/** Files lie in the directory itself: a manifest never leads out of it. */
const fileName = z.string().regex(/^\w[\w.-]{0,99}$/)
const share = z.number().min(0).max(1)

const common = {
  format: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  /** SHA-256 of each file that the model consists of. */
  files: z.record(fileName, sha256Hex),
  /** SHA-256 of this manifest's canonical JSON without this field: the version of the model. */
  digest: sha256Hex,
}

/** `model.json` of a text encoder. */
export const encoderManifest = z.strictObject({
  ...common,
  kind: z.literal('encoder'),
  /** Numbers in a vector. */
  dimensions: z.int().min(1).max(8192),
  /** Entries of the vocabulary. */
  pieces: z.int().min(1),
  /** Most tokens in a text, with the first and last one; the rest is cut off. */
  longest: z.int().min(3),
})
export type EncoderManifest = z.infer<typeof encoderManifest>

/** One point of coverage against accuracy: what an acceptance threshold would do. */
const coveragePoint = z.strictObject({ threshold: share, coverage: share, accuracy: share.nullable() })

/** `model.json` of a classifier: a head on an encoder's vectors, and word features beside it. */
export const classifierManifest = z.strictObject({
  ...common,
  kind: z.literal('classifier'),
  labels: z.array(z.string().min(1)).min(2),
  encoder: z.strictObject({ name: z.string(), digest: sha256Hex }),
  /** Units of the hidden layer. */
  hidden: z.int().min(1).max(65_536),
  /** Hash buckets of the word features. */
  buckets: z.int().min(1).max(1_048_576),
  /** Logits are divided by it (Guo et al., "On Calibration of Modern Neural Networks", 2017). */
  temperature: z.number().positive(),
  /** An answer at or above it is accepted. */
  threshold: share,
  /** What it was made of, and what it reached on the part of the data that its validation twin never saw. */
  training: z.strictObject({
    seed: z.int(),
    data: sha256Hex,
    examples: z.int(),
    outOfScope: z.int(),
    validation: z.strictObject({
      n: z.int(),
      accuracy: share,
      macroF1: share,
      ece: share,
      aurocOutOfScope: share.nullable(),
      outOfScopeAccepted: share.nullable(),
      /** One-sided 95% lower bound of the accuracy at the threshold; null where no threshold reaches what is asked. */
      lowerBound: share.nullable(),
      atThreshold: coveragePoint,
      coverage: z.array(coveragePoint),
    }),
  }),
})
export type ClassifierManifest = z.infer<typeof classifierManifest>
