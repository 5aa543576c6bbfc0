import { v7 } from 'uuid'
import type { Random } from './random.ts'

declare const brand: unique symbol

/** A prefixed id with a UUIDv7 inside: `run_` and 32 lower-case hex digits. Sorts by the time it was made. */
export type Id<Prefix extends string> = string & { readonly [brand]: Prefix }

export type TenantId = string & { readonly [brand]: 'tenant' }
export type RunId = Id<'run'>
export type EventId = Id<'evt'>
export type WorkItemId = Id<'rev'>
export type PersonId = Id<'per'>
export type KeyId = Id<'key'>
export type PayloadId = Id<'pay'>
export type SubjectId = Id<'sub'>
export type FactorId = Id<'fac'>
export type WriterId = Id<'wri'>
export type ProcessId = Id<'pro'>
export type ReservationId = Id<'res'>
export type CallId = Id<'cal'>
export type PlanId = Id<'pln'>

interface Prefixes {
  run: RunId
  evt: EventId
  rev: WorkItemId
  per: PersonId
  key: KeyId
  pay: PayloadId
  sub: SubjectId
  fac: FactorId
  wri: WriterId
  pro: ProcessId
  res: ReservationId
  cal: CallId
  pln: PlanId
}
export type Prefix = keyof Prefixes

/** The default tenant. */
export const mainTenant = 'main' as TenantId

/** Of a UUID; its sequence number is drawn behind them. */
const idBytes = 16

/** Mints an id for the given moment (milliseconds since 1970). Written over its own chance: as text, and its dashes taken out, it took three times as long. */
export function mintId<P extends Prefix>(prefix: P, at: number, random: Random): Prefixes[P] {
  const bytes = random.bytes(idBytes + 4)
  v7({ msecs: Math.floor(at), random: bytes, seq: bytes.readUInt32BE(idBytes) }, bytes)
  return `${prefix}_${bytes.toString('hex', 0, idBytes)}` as Prefixes[P]
}

/**
 * An id that follows from other things: the 48-bit time of `at` (an id), then bits of `digest` (hex, at least 20 digits).
 * A child of a run is found again under it (E23).
 */
export function deriveId<P extends Prefix>(prefix: P, at: string, digest: string): Prefixes[P] {
  const time = at.slice(at.indexOf('_') + 1, at.indexOf('_') + 13)
  return `${prefix}_${time}7${digest.slice(0, 3)}8${digest.slice(3, 18)}` as Prefixes[P]
}

/** An id that is a hash alone: the same content has the same id. `digest` is hex, at least 32 digits. */
export const hashId = <P extends Prefix>(prefix: P, digest: string): Prefixes[P] =>
  `${prefix}_${digest.slice(0, 32)}` as Prefixes[P]

export const isId = <P extends Prefix>(prefix: P, text: string): text is Prefixes[P] & string =>
  text.startsWith(`${prefix}_`) && /^[0-9a-f]{32}$/.test(text.slice(prefix.length + 1))

/** When the id was made: milliseconds since 1970. */
export const timeOf = (id: Id<string>): number =>
  Number.parseInt(id.slice(id.indexOf('_') + 1, id.indexOf('_') + 13), 16)

/** The partition of an id: year * 100 + month, in UTC (E23). */
export function monthOf(id: Id<string>): number {
  const day = new Date(timeOf(id))
  return day.getUTCFullYear() * 100 + day.getUTCMonth() + 1
}
