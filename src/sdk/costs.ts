import { z } from 'zod'
import { nanoOf } from '../core/money.ts'

const currency = z.string().regex(/^[A-Z]{3}$/, 'expected a currency code such as USD')
const amount = z.union([z.string(), z.number()]).transform((value, context) => {
  const nano = nanoOf(value)
  if (nano !== undefined) return nano
  context.addIssue({ code: 'custom', message: 'expected a decimal number of zero or more, such as 1.25' })
  return z.NEVER
})

const rates = {
  input: amount,
  /** Left out: the model generates nothing, as one that embeds. */
  output: amount.optional(),
  cacheRead: amount.optional(),
  cacheWrite: amount.optional(),
  cacheWriteLong: amount.optional(),
  reasoning: amount.optional(),
}
const tier = {
  ...rates,
  /** What the whole call costs when it reads more than `above` tokens. */
  longContext: z.array(z.strictObject({ above: z.int().min(0), ...rates })).optional(),
}

export const priceDeclaration = z.strictObject({
  provider: z.string().min(1),
  model: z.string().min(1),
  /** From when on, as ISO 8601; a date is its midnight in UTC. It holds until the next one of the same model. */
  from: z.union([z.iso.date(), z.iso.datetime({ offset: true })]),
  currency,
  ...tier,
  /** Other service tiers by the provider's name: flex, priority, batch. */
  tiers: z.record(z.string(), z.strictObject(tier)).optional(),
})

/**
 * What a model costs, as `millrace.config.ts` declares it: units of the currency per million tokens. It goes before what the price book brings
 * along; a model that costs nothing is declared with zeros.
 */
export type PriceDeclaration = z.input<typeof priceDeclaration>

const percent = z.int().min(1).max(100)

export const budgetDeclaration = z.strictObject({
  id: z.string().min(1),
  parent: z.string().optional(),
  currency,
  /** Units of the currency: 250, or '0.5'. */
  cap: amount,
  period: z.enum(['day', 'week', 'month', 'all']),
  /** Percent of the cap: tell people; refuse what could be done cheaper; admit nothing more (100 unless said). */
  warn: percent.optional(),
  downgrade: percent.optional(),
  stop: percent.default(100),
})

/** A node of the budget tree, as `millrace.config.ts` declares it. Periods are those of UTC. */
export type BudgetDeclaration = z.input<typeof budgetDeclaration>
