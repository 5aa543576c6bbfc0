const seconds = 60

/**
 * Owns: what was counted in the last minute, by the second: a minute that slides, so that no two halves of two minutes come to twice the limit.
 * Whoever counts says which second it is; of an older one than the minute nothing is kept.
 */
export class MinuteWindow {
  readonly #counts = new Float64Array(seconds)
  #newest = Number.NEGATIVE_INFINITY
  #sum = 0

  /** Adds to what was counted in a second, or takes from it. */
  add(second: number, count: number): void {
    this.#moveTo(second)
    if (second <= this.#newest - seconds) return
    this.#counts[second % seconds] = this.#at(second) + count
    this.#sum += count
  }

  sum(second: number): number {
    this.#moveTo(second)
    return this.#sum
  }

  /** In how many seconds no more than `most` is left of what is counted now: 1 to 60; 60 too where it never is. */
  secondsUntil(second: number, most: number): number {
    this.#moveTo(second)
    let left = this.#sum
    for (let oldest = second - seconds + 1; oldest < second; oldest++) {
      left -= this.#at(oldest)
      if (left <= most) return oldest + seconds - second
    }
    return seconds
  }

  #at(second: number): number {
    return this.#counts[second % seconds] ?? 0
  }

  /** What is older than the minute is forgotten. */
  #moveTo(second: number): void {
    if (second <= this.#newest) return
    if (second - this.#newest >= seconds) {
      this.#counts.fill(0)
      this.#sum = 0
    } else
      for (let passed = this.#newest + 1; passed <= second; passed++) {
        this.#sum -= this.#at(passed) // of the same second a minute ago
        this.#counts[passed % seconds] = 0
      }
    this.#newest = second
  }
}
