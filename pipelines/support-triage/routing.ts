import { rules } from 'millrace'
import { z } from 'zod'
import { type Team, desks, teams } from './desks.ts'
import { type Intent, intents } from './intents.ts'
import { type Tier, tiers } from './message.ts'
import { type Concern, concerns } from './signals.ts'

/** Why a message goes where it goes: stands in the record and on the person's item. */
const routeReasons = ['below-threshold', ...concerns, 'always-a-person', 'known-question'] as const

const input = z.object({
  intent: z.enum(intents.labels),
  /** The confidence reaches the model's threshold, or nearly and is seconded (`isSeconded`); out of scope it does not. */
  accepted: z.boolean(),
  /** The most pressing thing heard beside the intent. */
  concern: z.enum(['none', ...concerns]),
  /** All that was heard, each by its method and version: no row asks for it, but it stands in the record with the decision. */
  heard: z.array(z.string()),
  tier: z.enum(tiers),
})
const output = z.object({
  team: z.enum(teams),
  /** A person sees the reply before it is sent. */
  human: z.boolean(),
  why: z.enum(routeReasons),
  /** When the item is escalated, where a person is asked. */
  due: z.enum(['30m', '1h', '2h', '4h', '8h']),
  priority: z.literal([0, 1, 2, 3]),
})
type Route = z.output<typeof output>
interface Row {
  readonly if: {
    readonly intent?: { readonly in: readonly Intent[] }
    readonly accepted?: boolean
    readonly concern?: Concern
    readonly tier?: Tier
  }
  readonly give: Route
}

/** How soon a person answers, by tier; security does not wait for its turn. */
const usual: Readonly<Record<Tier, Pick<Route, 'due' | 'priority'>>> = {
  standard: { due: '8h', priority: 2 },
  premium: { due: '4h', priority: 2 },
  business: { due: '2h', priority: 1 },
}
const pressing: Readonly<Record<Tier, Pick<Route, 'due' | 'priority'>>> = {
  standard: { due: '2h', priority: 1 },
  premium: { due: '1h', priority: 1 },
  business: { due: '30m', priority: 0 },
}
const pressingReasons: ReadonlySet<Route['why']> = new Set([
  'vulnerable-person',
  'secret-given',
  'security-matter',
  'authority',
  'complaint',
])
const isPressing = (team: Team, why: Route['why']): boolean => team === 'security' || pressingReasons.has(why)
/** What is nobody's question goes where any can be sorted out; a hint of fraud goes to those who can freeze an account. */
const ownTeam: Partial<Readonly<Record<Concern, Team>>> = {
  'hostile-instructions': 'general',
  'other-matter': 'general',
  'security-matter': 'security',
}

const forEachTier = (condition: Omit<Row['if'], 'tier'>, team: Team, human: boolean, why: Route['why']): Row[] =>
  tiers.map((tier) => ({
    if: { ...condition, tier },
    give: { team, human, why, ...(isPressing(team, why) ? pressing : usual)[tier] },
  }))

/** Every team's intents, of those that may be answered at once or of those that may not. */
const intentsOf = (team: Team, answer?: 'at-once' | 'by-a-person'): Intent[] =>
  intents.labels.filter((intent) => desks[intent].team === team && (!answer || desks[intent].answer === answer))

const forEachTeam = (
  answer: 'at-once' | 'by-a-person' | undefined,
  row: (team: Team, condition: Row['if']) => Row[],
): Row[] =>
  teams.flatMap((team) => {
    const own = intentsOf(team, answer)
    return own.length === 0 ? [] : row(team, { intent: { in: own } })
  })

/**
 * Who gets a message, and whether a canned reply may go out alone. The first row that fits decides: what is heard beside the intent and makes
 * it worthless (instructions to a machine, a hint of fraud, another matter) has a team of its own; what the classifier is not sure of goes to the
 * general desk; what else is heard goes to the intent's own team; then the intent's desk decides.
 */
export const routing = rules({
  name: 'support-routing',
  input,
  output,
  rows: [
    ...concerns.flatMap((concern) => {
      const team = ownTeam[concern]
      return team ? forEachTier({ concern }, team, true, concern) : []
    }),
    ...concerns.flatMap((concern) => forEachTier({ accepted: false, concern }, 'general', true, concern)),
    ...forEachTier({ accepted: false }, 'general', true, 'below-threshold'),
    ...concerns
      .filter((concern) => !(concern in ownTeam))
      .flatMap((concern) =>
        forEachTeam(undefined, (team, condition) => forEachTier({ ...condition, concern }, team, true, concern)),
      ),
    ...forEachTeam('by-a-person', (team, condition) => forEachTier(condition, team, true, 'always-a-person')),
    ...forEachTeam('at-once', (team, condition) => forEachTier(condition, team, false, 'known-question')),
  ],
  otherwise: { team: 'general', human: true, why: 'below-threshold', ...usual.standard },
})
