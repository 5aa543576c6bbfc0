import { z } from '@hono/zod-openapi'

/** Billionths of the currency's unit: exact, and past what a JSON number holds. */
export const nano = z
  .string()
  .regex(/^-?\d{1,20}$/)
  .openapi({ description: 'Nano-units of the currency.', example: '1250000' })
