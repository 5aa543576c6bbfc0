import type { Duration } from '../../core/duration.ts'
import { toMillis } from '../../core/duration.ts'
import { digestOf, type Json } from '../../core/json.ts'
import type { AnyForm } from '../../sdk/resources.ts'
import { check, describeSchema } from '../../sdk/schema.ts'
import type { Corridor } from '../corridor/corridor.ts'
import type { PersonsAnswer, Versioned } from '../corridor/ports.ts'
import { StepFailure } from '../engine/failures.ts'
import { type Factor, type Settled, timedOut, type TimedOut } from '../engine/ports.ts'

/** A question to a person, as `act`'s gate and `review` put it. */
export interface PersonQuestion {
  readonly form: AnyForm
  readonly show: Json
  readonly kind: 'approve' | 'answer'
  readonly queue: string
  readonly priority: number
  readonly due: Duration | undefined
  readonly expires: Duration | undefined
  readonly why: readonly string[]
  /** Of `approve`. */
  readonly proposed?: { readonly action: Versioned; readonly arguments: Json }
  readonly authorKey?: string | undefined
  /** The platform's own question: no pipeline's policy may forbid it. */
  readonly isPlatforms?: boolean
}

/** What a person answered, as the log keeps it. */
export type Answered = {
  readonly item: string
  readonly verdict: PersonsAnswer['verdict']
  readonly person: string
  readonly value: Json
  readonly actionDigest: string | null
  readonly edited: boolean
  readonly reason: string | null
}

/** The authority that an approval gives: exactly this action with exactly these arguments (W5). */
export const authorityOf = (action: Versioned, value: Json): string => digestOf([action.digest, value])

/** Asks a person and waits, for days if need be. The decision is read from Postgres (E4, W6). */
export async function askPerson(corridor: Corridor, question: PersonQuestion): Promise<Answered | TimedOut> {
  const { form, show, kind, queue, priority, due, expires, why, proposed } = question
  const { run, ports } = corridor
  const { tenant, run: id, key: subjectKey } = run.run
  const shows = await check(form.shows, show)
  if (!shows.ok)
    throw new StepFailure(
      'review/bad-show',
      `What ${form.name} would show does not fit its schema: ${shows.problems.join('; ')}.`,
      { terminal: true },
    )
  const resource: Factor = { kind: 'form', digest: form.digest, name: form.name }
  const read = (answer: PersonsAnswer | undefined): Settled<Answered> | undefined => answer && settledOf(answer)
  return run.wait<Answered>(corridor.keyOf('review', form.name, question.authorKey), {
    kind: 'review',
    arguments: { show, why, proposed: proposed?.arguments ?? null },
    open: async ({ key: stepKey }) => {
      const verdict = question.isPlatforms ? undefined : await corridor.ask('review', resource) // E3
      const item = await ports.people.ask({
        tenant,
        run: id,
        stepKey,
        kind,
        queue,
        priority,
        dueIn: due === undefined ? undefined : toMillis(due),
        expiresIn: expires === undefined ? undefined : toMillis(expires),
        form: { name: form.name, digest: form.digest, reasons: form.reasons, valueSchema: describeSchema(form.value) },
        shows: show,
        firstLine: form.firstLine(show as never).slice(0, 200), // checked against the form's schema above
        proposed: proposed?.arguments,
        action: proposed?.action,
        actionDigest: proposed && authorityOf(proposed.action, proposed.arguments),
        why,
        subjectKey,
      })
      return { factors: verdict ? [resource, verdict.policy] : [resource], detail: { item, queue, why } }
    },
    read: async ({ key: stepKey }) => read(await ports.people.answer({ tenant, run: id, stepKey })),
    close: async ({ key: stepKey }, reason) => read(await ports.people.close({ tenant, run: id, stepKey }, reason)),
    ...(expires !== undefined && { until: toMillis(expires) }),
  })
}

export const isExpired = (answer: Answered | TimedOut): answer is TimedOut => answer === timedOut

function settledOf(answer: PersonsAnswer): Settled<Answered> {
  const { item, verdict, person, value = null, actionDigest = null, edited, reason = null } = answer
  return {
    value: { item, verdict, person, value, actionDigest, edited, reason },
    evidence: { factors: [{ kind: 'reviewer', digest: digestOf(person), name: person }], detail: { verdict, edited } },
  }
}
