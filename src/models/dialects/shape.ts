import { z } from 'zod'

/** Pieces of the dialects' shapes: only what the gateway reads is checked, the rest is the provider's to judge. */

export const tokens = z.int().min(0).nullish()
export const flag = z.boolean().nullish()
export const word = z.string().nullish()
export const model = z.string().min(1).max(500)
export const message = z.looseObject({ role: z.string() })
export const tools = z.array(z.looseObject({ type: word })).nullish()
export const metadata = z.record(z.string(), z.unknown()).nullish()

/** The metadata that are text. */
export const wordsIn = (values: Readonly<Record<string, unknown>> | null | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
