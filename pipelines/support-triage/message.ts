import { event } from 'millrace'
import { z } from 'zod'

/** Why a mail is never answered: a program sent it, or nobody reads what comes back. The connector finds out from the headers. */
export const automaticSigns = ['auto-submitted', 'bulk', 'list', 'bounce', 'no-reply'] as const

export const tiers = ['standard', 'premium', 'business'] as const
export type Tier = (typeof tiers)[number]

/** A customer's message, as the mailbox connector reads it from an e-mail. */
export const messageReceived = event(
  'message.received',
  z.object({
    /** The SHA-256 of the mail's bytes, in hex. */
    id: z.string().min(1).max(256),
    /** Where an answer goes: Reply-To, else From. */
    from: z.email().max(320).meta({ pii: 'contact' }),
    fromName: z.string().max(200).optional().meta({ pii: 'name', trust: 'untrusted' }),
    to: z.array(z.string().max(320)).max(100).optional(),
    subject: z.string().max(1000).default('').meta({ trust: 'untrusted' }),
    /** The newest text: without quoted threads and signature. */
    text: z.string().max(200_000).meta({ trust: 'untrusted' }),
    receivedAt: z.iso.datetime({ offset: true }).optional(),
    /** The mail's own Message-ID and References, for the answer's headers. */
    messageId: z.string().max(998).optional(),
    references: z.array(z.string().max(998)).max(100).optional(),
    customerId: z.string().min(1).max(320).meta({ pii: 'contact' }),
    tier: z.enum(tiers).default('standard'),
    automatic: z.array(z.enum(automaticSigns)).max(automaticSigns.length).default([]),
  }),
)
