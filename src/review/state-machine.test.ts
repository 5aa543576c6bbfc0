import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant as tenant, type PersonId, type WorkItemId } from '../core/ids.ts'
import type { DecideItem, Question } from './item.ts'
import { codeOf, person, ReviewBed } from './testing.ts'

/** Two persons, one item, any order of what can happen to it; a model of a few lines says what each must answer. */

type Who = 'ada' | 'bob'
type Step =
  | { readonly does: 'claim' | 'next'; readonly who: Who }
  /** `claim` counts back from the newest number of the item. */
  | { readonly does: 'renew' | 'release'; readonly who: Who; readonly claim: number }
  | { readonly does: 'decide'; readonly who: Who; readonly claim: number; readonly verdict: 'approve' | 'reject' }
  | { readonly does: 'hold'; readonly who: Who; readonly claim: number; readonly verdict: 'approve' | 'reject' }
  | { readonly does: 'undo'; readonly who: Who }
  | { readonly does: 'close' | 'lease-ends' | 'time-comes' }

interface Model {
  readonly quorum: number
  state: 'open' | 'decided' | 'closed'
  claimNo: number
  holder: Who | undefined
  isLive: boolean
  held: { readonly who: Who; readonly claim: number; readonly verdict: string } | undefined
  readonly decisions: { readonly who: Who; readonly claim: number; readonly verdict: string }[]
}

const other: Record<Who, Who> = { ada: 'bob', bob: 'ada' }
const hasDecided = (model: Model, who: Who): boolean => model.decisions.some((decision) => decision.who === who)
function takes(model: Model, decision: Model['decisions'][number]): void {
  model.decisions.push(decision)
  Object.assign(model, { holder: undefined, held: undefined })
  if (decision.verdict === 'reject' || model.decisions.length >= model.quorum) model.state = 'decided'
}
const settled = { decided: 'review/decided', closed: 'review/closed' } as const

/** Moves the model on and answers the code that the step must end with. */
const rules: Record<Step['does'], (model: Model, step: { who: Who; claim: number; verdict: string }) => string> = {
  claim(model, { who }) {
    if (model.state !== 'open') return settled[model.state]
    if (hasDecided(model, who)) return 'review/not-eligible'
    if (model.held) return model.holder === who ? 'review/held' : 'review/claimed'
    if (model.holder === other[who] && model.isLive) return 'review/claimed'
    Object.assign(model, { claimNo: model.claimNo + 1, holder: who, isLive: true })
    return 'ok'
  },
  next(model, { who }) {
    const isFree = model.holder === undefined || !model.isLive
    if (model.state !== 'open' || hasDecided(model, who) || !isFree || model.held) return 'nothing'
    Object.assign(model, { claimNo: model.claimNo + 1, holder: who, isLive: true })
    return 'ok'
  },
  renew(model, { who, claim }) {
    if (model.state !== 'open') return settled[model.state]
    if (model.held?.who === who) return 'review/held'
    if (model.holder !== who || model.claimNo !== claim) return 'review/claim-lost'
    model.isLive = true
    return 'ok'
  },
  release(model, { who, claim }) {
    if (model.state !== 'open') return settled[model.state]
    if (model.held?.who === who) return 'review/held'
    if (model.claimNo !== claim || (model.holder !== undefined && model.holder !== who)) return 'review/claim-lost'
    model.holder = undefined
    return 'ok'
  },
  decide(model, { who, claim, verdict }) {
    const own = model.decisions.find((decision) => decision.who === who)
    if (own) return own.claim === claim && own.verdict === verdict ? 'ok' : 'review/decided'
    if (model.state !== 'open') return settled[model.state]
    if (model.held?.who === who)
      return model.held.claim === claim && model.held.verdict === verdict ? 'ok' : 'review/held'
    if (model.holder !== who || model.claimNo !== claim) return 'review/claim-lost'
    takes(model, { who, claim, verdict })
    return 'ok'
  },
  hold(model, step) {
    if (model.held || model.state !== 'open' || hasDecided(model, step.who)) return rules.decide(model, step)
    if (model.holder !== step.who || model.claimNo !== step.claim) return 'review/claim-lost'
    model.held = { who: step.who, claim: step.claim, verdict: step.verdict }
    return 'ok'
  },
  undo(model, { who }) {
    if (model.held?.who !== who) return 'review/nothing-held'
    Object.assign(model, { held: undefined, claimNo: model.claimNo + 1, isLive: true })
    return 'ok'
  },
  'time-comes'(model) {
    if (model.held) takes(model, model.held)
    return 'ok'
  },
  close(model) {
    if (model.held) takes(model, model.held)
    if (model.state === 'open') Object.assign(model, { state: 'closed', holder: undefined })
    return model.state
  },
  'lease-ends'(model) {
    model.isLive = false
    return 'ok'
  },
}

const who = fc.constantFrom<Who>('ada', 'bob')
const claim = fc.constantFrom(0, 0, 0, 1)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ does: fc.constantFrom('claim', 'claim', 'next'), who }), weight: 6 },
  { arbitrary: fc.record({ does: fc.constantFrom('renew', 'release'), who, claim }), weight: 3 },
  {
    arbitrary: fc.record({ does: fc.constant('decide'), who, claim, verdict: fc.constantFrom('approve', 'reject') }),
    weight: 4,
  },
  {
    arbitrary: fc.record({ does: fc.constant('hold'), who, claim, verdict: fc.constantFrom('approve', 'reject') }),
    weight: 4,
  },
  { arbitrary: fc.record({ does: fc.constant('undo'), who }), weight: 2 },
  { arbitrary: fc.constant({ does: 'time-comes' } as const), weight: 1 },
  { arbitrary: fc.constant({ does: 'lease-ends' } as const), weight: 2 },
  { arbitrary: fc.constant({ does: 'close' } as const), weight: 1 },
) as fc.Arbitrary<Step> // fast-check widens the literals

let bed: ReviewBed
beforeAll(async () => {
  bed = await ReviewBed.open()
})
afterAll(() => bed.database.drop())

test('whatever two persons, the lease and the run do, the item answers as the model says (W1-W4, E20)', async () => {
  let queues = 0
  const quorum = fc.constantFrom(1, 1, 2)
  await fc.assert(
    fc.asyncProperty(quorum, fc.array(anyStep, { minLength: 1, maxLength: 14 }), async (needed, steps) => {
      const { item, question } = await bed.ask({ queue: `property-${queues++}`, quorum: needed })
      const { shownDigest } = await bed.items.show({ tenant, item })
      const persons = { ada: person(), bob: person() }
      const real = new RealItem({ item, question, persons, shownDigest })
      const model: Model = {
        quorum: needed,
        state: 'open',
        claimNo: 0,
        holder: undefined,
        isLive: false,
        held: undefined,
        decisions: [],
      }
      for (const step of steps) {
        const full = {
          who: 'ada' as Who,
          verdict: 'approve' as const,
          ...step,
          claim: model.claimNo - ('claim' in step ? step.claim : 0),
        }
        const highest = model.claimNo
        const expected = rules[step.does](model, full)
        expect(await real.take(full)).toBe(expected)
        const shown = await bed.items.show({ tenant, item })
        expect(shown.state).toBe(model.state)
        expect(shown.claim.number).toBe(model.claimNo)
        expect(shown.claim.number).toBeGreaterThanOrEqual(highest)
        expect(shown.claim.holder).toBe(model.holder && persons[model.holder])
        expect(shown.decisions.map((decision) => decision.person)).toEqual(model.decisions.map((d) => persons[d.who]))
      }
      const last = model.state === 'decided' ? model.decisions.at(-1) : undefined
      expect(await real.ending()).toEqual({
        person: last && persons[last.who],
        verdict: last?.verdict,
        bells: last ? 1 : 0,
        records: model.decisions.length,
      })
    }),
    { numRuns: 60 },
  )
}, 60_000)

class RealItem {
  readonly #item: WorkItemId
  readonly #question: Question
  readonly #persons: Record<Who, PersonId>
  readonly #shownDigest: string

  constructor(options: { item: WorkItemId; question: Question; persons: Record<Who, PersonId>; shownDigest: string }) {
    this.#item = options.item
    this.#question = options.question
    this.#persons = options.persons
    this.#shownDigest = options.shownDigest
  }

  async take(step: { does: Step['does']; who: Who; claim: number; verdict: DecideItem['verdict'] }): Promise<string> {
    const of = { tenant, item: this.#item, person: this.#persons[step.who] }
    const { claim: number, verdict } = step
    switch (step.does) {
      case 'claim':
        return codeOf(bed.items.claim(of))
      case 'next': {
        const found = await bed.items.claimNext({ tenant, person: of.person, queue: this.#question.queue })
        return found ? 'ok' : 'nothing'
      }
      case 'renew':
        return codeOf(bed.items.claim({ ...of, claim: number }))
      case 'release':
        return codeOf(bed.items.release({ ...of, claim: number }))
      case 'decide': {
        const reason = verdict === 'reject' ? 'wrong-facts' : undefined
        return codeOf(bed.items.decide({ ...of, claim: number, verdict, reason, shownDigest: this.#shownDigest }))
      }
      case 'hold': {
        const reason = verdict === 'reject' ? 'wrong-facts' : undefined
        const sent = { ...of, claim: number, verdict, reason, shownDigest: this.#shownDigest, holdFor: 50_000 }
        return codeOf(bed.items.decide(sent))
      }
      case 'undo':
        return codeOf(bed.items.undo({ tenant, person: of.person }))
      case 'time-comes':
        await bed.database.pool.query(
          `update held_decision set effective_at = now() where item = $1 and state = 'held'`,
          [this.#item],
        )
        return codeOf(bed.items.takeEffect(100))
      case 'close':
        return (await bed.items.close(this.#question, 'timeout')) ? 'decided' : 'closed'
      case 'lease-ends':
        return codeOf(bed.endLease(this.#item))
    }
  }

  /** What the run reads, its bell, and the records of decisions. */
  async ending(): Promise<Ending> {
    const answer = await bed.items.answer(this.#question)
    const records = `audit_log where object = $1 and action in ('review/approved', 'review/rejected')`
    return {
      person: answer?.person,
      verdict: answer?.verdict,
      bells: await bed.count('run where id = $1 and bell = 1', [this.#question.run]),
      records: await bed.count(records, [this.#item]),
    }
  }
}

interface Ending {
  readonly person: PersonId | undefined
  readonly verdict: string | undefined
  readonly bells: number
  readonly records: number
}
