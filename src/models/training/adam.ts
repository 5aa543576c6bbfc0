/**
 * Owns: the moments of one tensor under Adam (Kingma and Ba, 2014, beta 0.9 and 0.999). `step` changes the tensor in place.
 */
export class Adam {
  readonly #tensor: Float32Array
  readonly #first: Float32Array
  readonly #second: Float32Array
  #steps = 0

  constructor(tensor: Float32Array) {
    this.#tensor = tensor
    this.#first = new Float32Array(tensor.length)
    this.#second = new Float32Array(tensor.length)
  }

  step(gradient: Float32Array, rate: number): void {
    const [tensor, first, second] = [this.#tensor, this.#first, this.#second]
    this.#steps++
    const correction = Math.sqrt(1 - 0.999 ** this.#steps)
    const scaled = (rate / (1 - 0.9 ** this.#steps)) * correction
    const epsilon = 1e-8 * correction
    for (let i = 0; i < tensor.length; i++) {
      const g = gradient[i] ?? 0
      const m = 0.9 * (first[i] ?? 0) + 0.1 * g
      const v = 0.999 * (second[i] ?? 0) + 0.001 * g * g
      first[i] = m
      second[i] = v
      tensor[i] = (tensor[i] ?? 0) - (scaled * m) / (Math.sqrt(v) + epsilon)
    }
  }
}
