import { z } from 'zod'
import { type DataClass, dataClasses } from '../sdk/models.ts'

/** What a key for models may do. A limit that is absent does not limit; the class of the data that is absent is the most delicate. */
export interface ModelGrant {
  /** By name; absent: every route. */
  readonly routes?: readonly string[] | undefined
  /** Nodes of the budget tree that its calls are held against. */
  readonly budgets: readonly string[]
  readonly dataClass: DataClass
  /** Requests and tokens a minute. */
  readonly requests?: number | undefined
  readonly tokens?: number | undefined
  /** Calls at once. */
  readonly atOnce?: number | undefined
}

const most = 1_000_000_000
const limit = z.int().min(1).max(most).optional()
const names = z
  .array(
    z
      .string()
      .min(1)
      .max(100)
      .regex(/^\P{Cc}*$/u, 'a line without control characters'),
  )
  .max(100)

export const newGrant = z.strictObject({
  routes: names.min(1).optional(),
  budgets: names.default([]),
  dataClass: z.enum(dataClasses).default('special'),
  requests: limit,
  tokens: limit,
  atOnce: limit,
})

/** A grant as the database has it; `data_class` is null where there is none. */
export interface GrantRow {
  readonly routes: string[] | null
  readonly budgets: string[] | null
  readonly data_class: DataClass | null
  readonly requests: number | null
  readonly tokens: string | null
  readonly at_once: number | null
}

export const grantColumns = 'g.routes, g.budgets, g.data_class, g.requests, g.tokens, g.at_once'

/** Undefined: it is a key for the API. */
export const grantOf = (row: GrantRow): ModelGrant | undefined =>
  row.data_class === null
    ? undefined
    : {
        ...(row.routes && { routes: row.routes }),
        budgets: row.budgets ?? [],
        dataClass: row.data_class,
        ...(row.requests !== null && { requests: row.requests }),
        ...(row.tokens !== null && { tokens: Number(row.tokens) }),
        ...(row.at_once !== null && { atOnce: row.at_once }),
      }
