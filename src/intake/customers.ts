import { readFile } from 'node:fs/promises'
import { CsvError, parse } from 'csv-parse/sync'
import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { mailAddress } from './mail-address.ts'
import type { Customers } from './mail-event.ts'

const columns = ['address', 'customer', 'tier'] as const
const row = z.object({
  address: z.string().transform((text, context) => {
    const address = mailAddress(text)
    if (address === undefined) context.addIssue('it is not one plain address')
    return address ?? ''
  }),
  customer: z
    .string()
    .min(1, 'it is empty')
    .max(320)
    .regex(/^\P{Cc}*$/u, 'it has control characters'),
  tier: z.string().regex(/^[a-z0-9-]{1,40}$/, 'expected a name of a-z, 0-9 and -'),
})

/**
 * The customers of a CSV file with the columns address, customer and tier; others are ignored. Several addresses may be one customer's. A
 * sender who is not listed is a customer of the standard tier, under the address. Errors: `intake/bad-customers`, with the line.
 */
export async function readCustomers(path: string): Promise<Customers> {
  const refuse = (why: string, cause?: unknown): MillraceError =>
    new MillraceError('intake/bad-customers', { path, why }, { cause })
  const known = new Map<string, { readonly customerId: string; readonly tier: string }>()
  for (const { info, record } of rowsOf(await textOf(path, refuse), refuse)) {
    const read = row.safeParse(record)
    if (!read.success) {
      const problems = read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
      throw refuse(`line ${info.lines}: ${problems}`)
    }
    const { address, customer, tier } = read.data
    if (known.has(address)) throw refuse(`line ${info.lines}: the address stands in the list twice`)
    known.set(address, { customerId: customer, tier })
  }
  return {
    find: (address) => known.get(address.toLowerCase()) ?? { customerId: address.toLowerCase(), tier: 'standard' },
  }
}

type Refuse = (why: string, cause?: unknown) => MillraceError

async function textOf(path: string, refuse: Refuse): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw refuse(cause instanceof Error && 'code' in cause ? String(cause.code) : 'it cannot be read', cause)
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw refuse('it is not UTF-8', cause)
  }
}

interface Line {
  readonly info: { readonly lines: number }
  readonly record: Readonly<Record<string, string>>
}

function rowsOf(text: string, refuse: Refuse): Line[] {
  if (text.trim() === '') throw refuse('it is empty')
  try {
    return parse(text, {
      columns(names: string[]) {
        const lower = names.map((name) => name.toLowerCase())
        const missing = columns.filter((name) => !lower.includes(name))
        if (missing.length > 0) throw refuse(`the column ${missing.join(' and ')} is missing`)
        return lower
      },
      info: true,
      skip_empty_lines: true,
      trim: true,
    })
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause
    throw refuse(cause instanceof CsvError ? cause.message : 'it is no CSV', cause)
  }
}
