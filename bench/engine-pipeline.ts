import { z } from 'zod'
import { event, pipeline, rules } from 'millrace'

/** The work of the engine's benchmark: five decision tables in a row, each of which needs the one before. */
const teams = ['cards', 'payments', 'accounts', 'fraud', 'general'] as const

const received = event(
  'bench.message',
  z.object({ intent: z.string(), confidence: z.number(), tier: z.enum(['standard', 'premium']) }),
)

const routing = rules({
  name: 'bench-routing',
  input: z.object({ intent: z.string(), confidence: z.number() }),
  output: z.object({ team: z.enum(teams) }),
  rows: [
    { if: { confidence: { lt: 0.5 } }, give: { team: 'general' } },
    { if: { intent: { in: ['lost_card', 'card_arrival', 'card_linking'] } }, give: { team: 'cards' } },
    { if: { intent: { in: ['transfer_timing', 'declined_transfer'] } }, give: { team: 'payments' } },
    { if: { intent: 'compromised_card' }, give: { team: 'fraud' } },
  ],
  otherwise: { team: 'accounts' },
})

const urgency = rules({
  name: 'bench-urgency',
  input: z.object({ team: z.enum(teams), tier: z.enum(['standard', 'premium']) }),
  output: z.object({ hours: z.number() }),
  rows: [
    { if: { team: 'fraud' }, give: { hours: 1 } },
    { if: { tier: 'premium' }, give: { hours: 4 } },
  ],
  otherwise: { hours: 24 },
})

const human = rules({
  name: 'bench-human',
  input: z.object({ team: z.enum(teams), confidence: z.number() }),
  output: z.object({ person: z.boolean() }),
  rows: [
    { if: { team: 'fraud' }, give: { person: true } },
    { if: { confidence: { lt: 0.8 } }, give: { person: true } },
  ],
  otherwise: { person: false },
})

const channel = rules({
  name: 'bench-channel',
  input: z.object({ hours: z.number(), person: z.boolean() }),
  output: z.object({ channel: z.enum(['phone', 'mail']) }),
  rows: [{ if: { hours: { lte: 4 }, person: true }, give: { channel: 'phone' } }],
  otherwise: { channel: 'mail' },
})

const tone = rules({
  name: 'bench-tone',
  input: z.object({ channel: z.enum(['phone', 'mail']), tier: z.enum(['standard', 'premium']) }),
  output: z.object({ tone: z.enum(['formal', 'plain']) }),
  rows: [{ if: { tier: 'premium', channel: 'mail' }, give: { tone: 'formal' } }],
  otherwise: { tone: 'plain' },
})

export const tables = { routing, urgency, human, channel, tone }

export const fiveDecisions = pipeline({ name: 'bench-five', on: received }, async (ctx, m) => {
  const { team } = await ctx.decide(routing, { intent: m.intent, confidence: m.confidence })
  const { hours } = await ctx.decide(urgency, { team, tier: m.tier })
  const { person } = await ctx.decide(human, { team, confidence: m.confidence })
  const way = await ctx.decide(channel, { hours, person })
  const { tone: voice } = await ctx.decide(tone, { channel: way.channel, tier: m.tier })
  return { team, hours, person, channel: way.channel, tone: voice }
})

const intents = ['lost_card', 'transfer_timing', 'compromised_card', 'edit_personal_details', 'card_arrival'] as const

/** The nth message: the same for both sides. */
export const messageOf = (n: number): z.infer<typeof message> => ({
  intent: intents[n % intents.length] ?? 'lost_card',
  confidence: ((n * 37) % 100) / 100,
  tier: n % 3 === 0 ? 'premium' : 'standard',
})
const message = z.object({ intent: z.string(), confidence: z.number(), tier: z.enum(['standard', 'premium']) })
