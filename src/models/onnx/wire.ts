/** Writes Protocol Buffers (https://protobuf.dev/programming-guides/encoding/): as much of it as ONNX graphs need. */

export type Field = readonly [number: number, value: number | string | Uint8Array | readonly Field[]]

/** Encodes a message. Numbers are varints (integers from 0), the rest is length-delimited. */
export function message(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'number') return [varint(number << 3), varint(value)]
      const body = Array.isArray(value) ? message(value) : Buffer.from(value as string | Uint8Array) // by elimination
      return [varint((number << 3) | 2), varint(body.length), body]
    }),
  )
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}
