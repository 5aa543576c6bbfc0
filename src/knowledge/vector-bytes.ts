/** A vector as it is stored: float32, little-endian, as every processor that Node runs on has it. */
export const toBytes = (vector: Float32Array): Buffer =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)

/** Copies stored bytes into `matrix` at `row`. */
export function copyInto(matrix: Float32Array, row: number, bytes: Uint8Array): void {
  new Uint8Array(matrix.buffer, matrix.byteOffset + row * bytes.byteLength, bytes.byteLength).set(bytes)
}
