/** The types of tensors, as the Open Inference Protocol names them. */
export const datatypes = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BF16',
  'BYTES',
] as const
export type Datatype = (typeof datatypes)[number]

/** The types whose elements have one length, that can be written in JSON: `FP16` and `BF16` have no form there. */
export type FixedType = Exclude<Datatype, 'BYTES' | 'FP16' | 'BF16'>

/** How one element stands in binary data: little-endian. */
export interface Fixed {
  readonly bytes: number
  readonly read: (view: DataView, at: number) => number | bigint | boolean
  /** False: the type does not hold this value, and nothing is written. */
  readonly write: (view: DataView, at: number, value: unknown) => boolean
}

const whole = (
  bytes: number,
  [least, most]: readonly [number, number],
  read: Fixed['read'],
  set: (view: DataView, at: number, value: number) => void,
): Fixed => ({
  bytes,
  read,
  write: (view, at, value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) return false
    set(view, at, value)
    return true
  },
})

/** Numbers that a double does not hold were rounded when they were read: they are not written. */
const long = (
  isSigned: boolean,
  read: Fixed['read'],
  set: (view: DataView, at: number, value: bigint) => void,
): Fixed => ({
  bytes: 8,
  read,
  write: (view, at, value) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || (!isSigned && value < 0)) return false
    set(view, at, BigInt(value))
    return true
  },
})

const real = (
  bytes: number,
  read: Fixed['read'],
  set: (view: DataView, at: number, value: number) => void,
  holds: (value: number) => boolean,
): Fixed => ({
  bytes,
  read,
  write: (view, at, value) => {
    if (typeof value !== 'number' || !holds(value)) return false
    set(view, at, value)
    return true
  },
})

export const fixedTypes: Readonly<Record<FixedType, Fixed>> = {
  BOOL: {
    bytes: 1,
    read: (view, at) => view.getUint8(at) !== 0,
    write: (view, at, value) => {
      const isFlag = typeof value === 'boolean' || value === 0 || value === 1
      if (isFlag) view.setUint8(at, Number(value))
      return isFlag
    },
  },
  UINT8: whole(
    1,
    [0, 0xff],
    (view, at) => view.getUint8(at),
    (view, at, n) => view.setUint8(at, n),
  ),
  UINT16: whole(
    2,
    [0, 0xffff],
    (view, at) => view.getUint16(at, true),
    (view, at, n) => view.setUint16(at, n, true),
  ),
  UINT32: whole(
    4,
    [0, 0xffff_ffff],
    (view, at) => view.getUint32(at, true),
    (view, at, n) => view.setUint32(at, n, true),
  ),
  UINT64: long(
    false,
    (view, at) => view.getBigUint64(at, true),
    (view, at, n) => view.setBigUint64(at, n, true),
  ),
  INT8: whole(
    1,
    [-0x80, 0x7f],
    (view, at) => view.getInt8(at),
    (view, at, n) => view.setInt8(at, n),
  ),
  INT16: whole(
    2,
    [-0x8000, 0x7fff],
    (view, at) => view.getInt16(at, true),
    (view, at, n) => view.setInt16(at, n, true),
  ),
  INT32: whole(
    4,
    [-0x8000_0000, 0x7fff_ffff],
    (view, at) => view.getInt32(at, true),
    (view, at, n) => view.setInt32(at, n, true),
  ),
  INT64: long(
    true,
    (view, at) => view.getBigInt64(at, true),
    (view, at, n) => view.setBigInt64(at, n, true),
  ),
  FP32: real(
    4,
    (view, at) => view.getFloat32(at, true),
    (view, at, n) => view.setFloat32(at, n, true),
    (n) => Number.isFinite(Math.fround(n)),
  ),
  FP64: real(
    8,
    (view, at) => view.getFloat64(at, true),
    (view, at, n) => view.setFloat64(at, n, true),
    (n) => Number.isFinite(n),
  ),
}

export const isDatatype = (text: unknown): text is Datatype => datatypes.some((one) => one === text)
export const isFixed = (type: Datatype): type is FixedType => Object.hasOwn(fixedTypes, type)
