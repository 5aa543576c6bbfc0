import type { Json } from '../../core/json.ts'
import { toMillis } from '../../core/duration.ts'
import type { AnyAction, Connector } from '../../sdk/resources.ts'
import { type Corridor, patient, type StepKindDefinition } from '../corridor/corridor.ts'
import { RunFailure } from '../engine/failures.ts'
import type { RunContext } from '../engine/ports.ts'
import { askPerson } from './ask-person.ts'
import { failedUndoForm } from './platform-forms.ts'

interface Attempted {
  readonly corridor: Corridor
  readonly action: AnyAction
  readonly arguments: Json
  readonly key: string | undefined
}
type Done = Attempted & { readonly output: Json }

/**
 * Owns: what a run has done, and how it is undone.
 *
 * 1. Last first, shielded from further cancels (E5).
 * 2. It begins when every effect under way has landed or failed, and from then on no new one begins: none lands behind its back.
 * 3. An undo that fails is put to a person, and waits.
 */
export class Undo {
  readonly #done: Done[] = []
  readonly #landing = new Set<Promise<unknown>>()
  #hasBegun = false

  /** Runs an effect and remembers it once it has landed. */
  async follow(attempted: Attempted, effect: () => Promise<Json>): Promise<Json> {
    if (this.#hasBegun)
      throw new RunFailure('run/over', `${attempted.action.name} was not begun: the run is being undone already.`)
    const landing = this.#land(attempted, effect)
    this.#landing.add(landing)
    try {
      return await landing
    } finally {
      this.#landing.delete(landing)
    }
  }

  async #land(attempted: Attempted, effect: () => Promise<Json>): Promise<Json> {
    const output = await effect()
    if (typeof attempted.action.undo === 'function') this.#done.push({ ...attempted, output })
    return output
  }

  get isEmpty(): boolean {
    return this.#done.length === 0 && this.#landing.size === 0
  }

  async all(run: RunContext): Promise<void> {
    this.#hasBegun = true
    await run.shield(async () => {
      await Promise.allSettled(this.#landing)
      for (const done of this.#done.splice(0).toReversed()) await undoOne(done)
    })
  }
}

async function undoOne(done: Done): Promise<void> {
  const { corridor, action, key } = done
  try {
    await corridor.step(undoStep(action), done, key)
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error
    await askPerson(corridor, {
      form: failedUndoForm,
      show: { action: action.name, arguments: done.arguments, error: error.message },
      kind: 'answer',
      queue: 'general',
      priority: 0,
      due: '1h',
      expires: undefined,
      why: ['undo-failed'],
      authorKey: key,
      isPlatforms: true,
    })
  }
}

/** Undoing is part of the action: the policy is asked for the action itself, under whose name it was allowed. */
function undoStep(action: AnyAction): StepKindDefinition<Done, Json> {
  return {
    kind: 'act',
    timeout: toMillis(action.timeout),
    retry: patient,
    resource: () => ({ kind: 'action', digest: action.digest, name: action.name }),
    named: () => `undo-${action.name}`,
    arguments: ({ arguments: given, output }) => ({ arguments: given, output }),
    ifUnknown: () => ({ kind: 'token-is-idempotent' }),
    async execute({ arguments: input, output }, { ports, signal, token }) {
      const use = <T>(connector: Connector<T>): T => ports.connectors.get(connector.name) as T // as its name says
      if (typeof action.undo === 'function') await action.undo({ input, output, token, signal, use })
      return { value: null }
    },
  }
}
