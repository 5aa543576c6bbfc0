/** A sparse vector: positions and values. */
export interface Sparse {
  readonly at: Int32Array
  readonly value: Float32Array
}

const word = /[\p{L}\p{N}]+(?:['’]\p{L}+)?|[£$€?!]/gu
/** A text that is one long word after another costs no more than this. */
const mostWords = 400

/**
 * Words and pairs of neighbouring words, hashed into buckets, with 1 + ln(count) each. They remember what an encoder's vector blurs: names of
 * things, currencies, "not". Casing does not count.
 */
export function wordFeatures(text: string, buckets: number): Sparse {
  const words = text.toLowerCase().normalize('NFKC').match(word) ?? []
  const counts = new Map<number, number>()
  let before = 0
  for (let i = 0; i < Math.min(words.length, mostWords); i++) {
    const one = hash(words[i] ?? '')
    const bucket = one % buckets
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
    if (i > 0) {
      const pair = mix(Math.imul(before, 31) ^ one) % buckets
      counts.set(pair, (counts.get(pair) ?? 0) + 1)
    }
    before = one
  }
  return { at: Int32Array.from(counts.keys()), value: Float32Array.from(counts.values(), (n) => 1 + Math.log(n)) }
}

/** FNV-1a over UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv/). */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}

/** Spreads all bits over the low ones, which choose the bucket (the finaliser of MurmurHash3). */
function mix(bits: number): number {
  let h = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** How rare each bucket is among the texts: smoothed inverse document frequency. */
export function rarity(texts: readonly Sparse[], buckets: number): Float32Array {
  const documents = new Float32Array(buckets)
  for (const { at } of texts) for (const bucket of at) documents[bucket] = (documents[bucket] ?? 0) + 1
  return documents.map((n) => Math.log((1 + texts.length) / (1 + n)) + 1)
}

/** Weighs by rarity and scales to unit length. */
export function weigh({ at, value }: Sparse, rare: Float32Array): Sparse {
  const weighed = value.map((x, i) => x * (rare[at[i] ?? 0] ?? 0))
  let square = 0
  for (const x of weighed) square += x * x
  const length = Math.sqrt(square) || 1
  return { at, value: weighed.map((x) => x / length) }
}
