import type { Random } from '../../core/random.ts'

/**
 * Chance for training: millions of draws, the same for the same seed. SFC32 (Chris Doty-Humphrey, PractRand), since drawing SHA-256 blocks
 * would take longer than the training itself.
 */
export class Chance {
  readonly #state: Uint32Array

  constructor(random: Random) {
    const bytes = random.bytes(12)
    this.#state = Uint32Array.of(bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8), 1)
    for (let i = 0; i < 12; i++) this.next()
  }

  /** In [0, 1), with 32 bits. */
  next(): number {
    const [a = 0, b = 0, c = 0, n = 0] = this.#state
    const sum = (a + b + n) >>> 0
    this.#state.set([b ^ (b >>> 9), c + (c << 3), ((c << 21) | (c >>> 11)) + sum, n + 1])
    return sum / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** The numbers below `count` in random order (Fisher and Yates). */
  order(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i)
    for (let i = count - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const [a = 0, b = 0] = [order[i], order[j]]
      order[i] = b
      order[j] = a
    }
    return order
  }

  /** Standard normal numbers (Box and Muller). */
  normal(count: number, scale: number): Float32Array {
    const values = new Float32Array(count)
    for (let i = 0; i < count; i += 2) {
      const radius = scale * Math.sqrt(-2 * Math.log(1 - this.next()))
      const angle = 2 * Math.PI * this.next()
      values[i] = radius * Math.cos(angle)
      if (i + 1 < count) values[i + 1] = radius * Math.sin(angle)
    }
    return values
  }
}
