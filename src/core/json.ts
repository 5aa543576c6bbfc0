import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

/** RFC 8785. Throws on what JSON cannot hold: NaN, infinities, BigInt, lone surrogates, `undefined` at the top. */
export function canonicalJson(value: Json): string {
  const text = canonicalize(value)
  if (text === undefined) throw new TypeError('undefined has no canonical JSON')
  return text
}

/** SHA-256 in lower-case hex. */
export const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'hex')

/** SHA-256 of the canonical JSON, in hex: the digest of a piece of content. */
export const digestOf = (value: Json): string => sha256(canonicalJson(value))
