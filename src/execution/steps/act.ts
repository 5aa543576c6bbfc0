import { toMillis } from '../../core/duration.ts'
import type { Json } from '../../core/json.ts'
import type { ActOutcome, Gate, Keyed } from '../../sdk/context.ts'
import type { AnyAction, Connector } from '../../sdk/resources.ts'
import { check } from '../../sdk/schema.ts'
import { type Corridor, patient, type StepKindDefinition } from '../corridor/corridor.ts'
import type { CorridorPorts } from '../corridor/ports.ts'
import { RunFailure, StepFailure } from '../engine/failures.ts'
import type { IfUnknown } from '../engine/ports.ts'
import { askPerson, authorityOf, isExpired } from './ask-person.ts'
import { awaitRelease } from './await-release.ts'
import { gateStep } from './gate.ts'
import { unknownOutcomeForm } from './platform-forms.ts'
import type { Undo } from './undo.ts'

interface EffectQuestion {
  readonly action: AnyAction
  readonly arguments: Json
  /** Of an approved effect: the digest that was approved; absent: nobody was asked. */
  readonly authority: string | null
}

const useOf =
  (ports: CorridorPorts) =>
  <T>(connector: Connector<T>): T =>
    ports.connectors.get(connector.name) as T // the composition root gives the connector its name stands for

/** The change itself: its intent is durable before it, its outcome after (L1), under a token that is the same for every attempt (E2). */
function effectStep(action: AnyAction): StepKindDefinition<EffectQuestion, Json> {
  return {
    kind: 'act',
    timeout: toMillis(action.timeout),
    retry: patient,
    resource: () => ({ kind: 'action', digest: action.digest, name: action.name }),
    arguments: ({ arguments: given, authority }) => ({ arguments: given, authority }),
    ifUnknown: (_question, ports) => ifUnknownOf(action, ports),
    async execute({ arguments: given, authority }, { ports, signal, token }) {
      // W5: exactly what was approved runs, or nothing.
      if (authority !== null && authority !== authorityOf(action, given))
        throw new StepFailure(
          'act/authority-mismatch',
          `The arguments of ${action.name} are not those that were approved. Ask for approval again.`,
          { terminal: true },
        )
      const input = await check(action.input, given)
      if (!input.ok)
        throw new StepFailure(
          'act/bad-input',
          `The arguments of ${action.name} do not fit its schema: ${input.problems.join('; ')}.`,
          { terminal: true },
        )
      const fail = (failure: string): never => {
        throw new StepFailure('act/failed', `${action.name} failed: ${failure}.`, {
          terminal: true,
          details: { failure },
        })
      }
      const call = { input: input.value, token, signal, use: useOf(ports), fail }
      const value = await ports.systems.run(action, call, () => action.run(call))
      return { value: (value ?? null) as Json, evidence: { detail: { arguments: given } } } // JSON by the action's schema
    },
  }
}

function ifUnknownOf(action: AnyAction, ports: CorridorPorts): IfUnknown {
  const { ifUnknown } = action
  if (typeof ifUnknown === 'string') return { kind: ifUnknown }
  return {
    kind: 'lookup',
    async find(token, signal) {
      const value = await ifUnknown({ token, signal, use: useOf(ports) })
      return value === undefined ? undefined : { value: value as Json } // JSON by the action's schema
    },
  }
}

/** An effect behind its gate: the platform decides whether to ask, and runs exactly what was approved. */
export async function actStep(
  corridor: Corridor,
  undo: Undo,
  action: AnyAction,
  given: Json,
  options: Partial<Gate<unknown, unknown>> & Keyed = {},
): Promise<ActOutcome<never, string>> {
  const { require = action.approval === 'required' && !('require' in options), why, confidence, key } = options
  const gate = await corridor.step(gateStep, { action, require, why, confidence }, key)
  let approved: { arguments: Json; authority: string | null } = { arguments: given, authority: null }
  if (gate.ask) {
    const asked = await askForApproval(corridor, action, given, options, gate.why)
    if ('outcome' in asked) return asked
    approved = asked
  }
  if (gate.held) await awaitRelease(corridor, action, { why: gate.why, queue: options.queue, key })
  try {
    const value = await undo.follow({ corridor, action, arguments: approved.arguments, key }, () =>
      corridor.step(effectStep(action), { action, ...approved }, key),
    )
    return { outcome: 'done', value: value as never }
  } catch (error) {
    return await settleFailure(corridor, action, approved.arguments, error, options)
  }
}

async function askForApproval(
  corridor: Corridor,
  action: AnyAction,
  given: Json,
  options: Partial<Gate<unknown, unknown>> & Keyed,
  why: readonly string[],
): Promise<ActOutcome<never, string> | { arguments: Json; authority: string }> {
  const { form, show, queue = 'general', priority = 2, due, expires, key } = options
  if (!form)
    throw new RunFailure(
      'act/no-form',
      `A person must approve ${action.name}, and the call gives no form to ask with. Give a gate with a form.`,
    )
  const { name, digest } = action
  const answer = await askPerson(corridor, {
    form,
    show: show as Json,
    kind: 'approve',
    queue,
    priority,
    due,
    expires,
    why,
    proposed: { action: { name, digest }, arguments: given },
    authorKey: key,
  })
  if (isExpired(answer)) return { outcome: 'expired' }
  if (answer.verdict !== 'approve') return { outcome: 'rejected', reason: answer.reason ?? undefined }
  return { arguments: answer.edited ? answer.value : given, authority: answer.actionDigest ?? '' }
}

async function settleFailure(
  corridor: Corridor,
  action: AnyAction,
  given: Json,
  error: unknown,
  options: Partial<Gate<unknown, unknown>> & Keyed,
): Promise<ActOutcome<never, string>> {
  if (!(error instanceof RunFailure)) throw error
  if (error.code === 'act/failed') {
    const { failure } = error.details as { failure: string } // written by `fail` above
    return { outcome: 'failed', failure }
  }
  if (error.code !== 'step/outcome-unknown') throw error
  const answer = await askPerson(corridor, {
    form: unknownOutcomeForm,
    show: { action: action.name, arguments: given },
    kind: 'answer',
    queue: options.queue ?? 'general',
    priority: 0,
    due: '1h',
    expires: undefined,
    why: ['outcome-unknown'],
    authorKey: options.key,
    isPlatforms: true,
  })
  const happened = !isExpired(answer) && (answer.value as { happened?: boolean } | null)?.happened === true
  return happened ? { outcome: 'done-by-hand' } : { outcome: 'failed', failure: 'outcome-unknown' }
}
