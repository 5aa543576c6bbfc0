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
  const words = text.toLowerCase().normalize('NFKC').match(word)?.slice(0, mostWords) ?? []
  const counts = new Map<number, number>()
  const add = (feature: string): void => {
    const bucket = hash(feature) % buckets
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }
  for (const [i, one] of words.entries()) {
    add(one)
    const next = words[i + 1]
    if (next !== undefined) add(`${one} ${next}`)
  }
  return { at: Int32Array.from(counts.keys()), value: Float32Array.from(counts.values(), (n) => 1 + Math.log(n)) }
}

/** FNV-1a over UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv/), mixed once more so that the low bits are good. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  return (h ^ (h >>> 13)) >>> 0
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
