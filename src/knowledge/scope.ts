import type { TenantId } from '../core/ids.ts'

/** Whose vectors may be compared with each other: one tenant's, of one collection, under one encoder and one way of cutting. */
export interface Scope {
  readonly tenant: TenantId
  readonly collection: string
  /** The encoder's digest. */
  readonly encoder: string
  readonly chunking: string
}

/** The first four parameters of a statement on a scope, in the order of the keys. */
export const keyOf = (scope: Scope): readonly [string, string, string, string] => [
  scope.tenant,
  scope.collection,
  scope.encoder,
  scope.chunking,
]

/** A chunk's key in its scope. */
export interface ChunkKey {
  readonly document: string
  readonly version: string
  readonly ordinal: number
}
