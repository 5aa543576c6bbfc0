import type { Json } from '../../core/json.ts'
import { toMillis } from '../../core/duration.ts'
import type { Connector } from '../../sdk/resources.ts'
import { type Corridor, patient, type StepKindDefinition } from '../corridor/corridor.ts'
import { RunFailure } from '../engine/failures.ts'
import type { AnyAction } from './act.ts'
import { askPerson } from './ask-person.ts'
import { failedUndoForm } from './platform-forms.ts'

interface Done {
  readonly action: AnyAction
  readonly arguments: Json
  readonly output: Json
  readonly key: string | undefined
}

/** What a run has done and how it is undone: last first, shielded from further cancels (E5). A failed undo is put to a person, and waits. */
export class Undo {
  readonly #done: Done[] = []

  remember(action: AnyAction, given: Json, output: Json, key: string | undefined): void {
    if (typeof action.undo === 'function') this.#done.push({ action, arguments: given, output, key })
  }

  get isEmpty(): boolean {
    return this.#done.length === 0
  }

  async all(corridor: Corridor): Promise<void> {
    await corridor.run.shield(async () => {
      for (const done of this.#done.splice(0).toReversed()) await undoOne(corridor, done)
    })
  }
}

async function undoOne(corridor: Corridor, done: Done): Promise<void> {
  try {
    await corridor.step(undoStep(done.action), done, done.key)
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error
    await askPerson(corridor, {
      form: failedUndoForm,
      show: { action: done.action.name, arguments: done.arguments, error: error.message },
      kind: 'answer',
      queue: 'general',
      priority: 0,
      due: '1h',
      expires: undefined,
      why: ['undo-failed'],
      authorKey: done.key,
    })
  }
}

function undoStep(action: AnyAction): StepKindDefinition<Done, Json> {
  return {
    kind: 'act',
    timeout: toMillis(action.timeout),
    retry: patient,
    resource: () => ({ kind: 'action', digest: action.digest, name: `undo-${action.name}` }),
    arguments: ({ arguments: given, output }) => ({ arguments: given, output }),
    ifUnknown: () => ({ kind: 'token-is-idempotent' }),
    async execute({ arguments: input, output }, { ports, signal, token }) {
      const use = <T>(connector: Connector<T>): T => ports.connectors.get(connector.name) as T // as its name says
      if (typeof action.undo === 'function') await action.undo({ input, output, token, signal, use })
      return { value: null }
    },
  }
}
