import { isUtf8 } from 'node:buffer'
import { fixedTypes, isFixed } from './datatype.ts'
import { BadTensor, type Tensor, type TensorShape } from './tensor.ts'

/** The length before each element of `BYTES`. */
const prefix = 4

/**
 * Binary data of a tensor as the text of its `data` in JSON, every digit kept. Throws `BadTensor`: also for what JSON cannot say, numbers that are
 * not finite and bytes that are no text.
 */
export function dataText(
  { datatype }: TensorShape,
  bytes: Buffer,
  { elements, field }: { readonly elements: number; readonly field: string },
): string {
  if (datatype === 'BYTES') return JSON.stringify(textsIn(bytes, elements, field))
  if (!isFixed(datatype)) throw new BadTensor(field, `${datatype} cannot be written in JSON, which the gateway reads`)
  const { bytes: size, read } = fixedTypes[datatype]
  if (bytes.length !== elements * size)
    throw new BadTensor(field, `it has ${bytes.length} bytes of data, and its shape ${elements * size}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: string[] = []
  for (let i = 0; i < elements; i++) {
    const value = read(view, i * size)
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new BadTensor(field, `element ${i} is no finite number`)
    parts.push(Object.is(value, -0) ? '-0' : String(value))
  }
  return `[${parts.join(',')}]`
}

function textsIn(bytes: Buffer, elements: number, field: string): string[] {
  const texts: string[] = []
  let at = 0
  for (let i = 0; i < elements; i++) {
    const start = at + prefix
    if (start > bytes.length) throw new BadTensor(field, `its data end before element ${i}`)
    at = start + bytes.readUInt32LE(start - prefix)
    if (at > bytes.length) throw new BadTensor(field, `element ${i} is longer than the data`)
    const text = bytes.subarray(start, at)
    if (!isUtf8(text)) throw new BadTensor(field, `element ${i} is no text in UTF-8`)
    texts.push(text.toString('utf8'))
  }
  if (at !== bytes.length) throw new BadTensor(field, `${bytes.length - at} bytes follow its last element`)
  return texts
}

/** The binary data of a tensor; undefined where its type does not hold them, or has no form in JSON: then they stay there. */
export function bytesOf({ data, datatype }: Pick<Tensor, 'data' | 'datatype'>): Buffer | undefined {
  if (datatype === 'BYTES') return bytesOfTexts(data)
  if (!isFixed(datatype)) return undefined
  const { bytes: size, write } = fixedTypes[datatype]
  const bytes = Buffer.alloc(data.length * size)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return data.every((value, i) => write(view, i * size, value)) ? bytes : undefined
}

function bytesOfTexts(data: readonly unknown[]): Buffer | undefined {
  const parts: Buffer[] = []
  for (const one of data) {
    if (typeof one !== 'string') return undefined
    const text = Buffer.from(one)
    const length = Buffer.alloc(prefix)
    length.writeUInt32LE(text.length)
    parts.push(length, text)
  }
  return Buffer.concat(parts)
}
