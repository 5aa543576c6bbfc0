import { toMillis, type Duration } from '../core/duration.ts'
import { entryOf, MillraceError } from '../core/errors/millrace-error.ts'
import { digestOf, type Json } from '../core/json.ts'
import { mintId, type PersonId, type RunId, type WorkItemId } from '../core/ids.ts'
import type { AskPerson, CorridorPorts, Hold, PersonsAnswer } from '../execution/corridor/ports.ts'
import type { MemoryEngine } from '../execution/engine/memory-engine.ts'
import { Failing, type Script } from './script.ts'

const scriptedPerson = 'per_00000000000000000000000000000000' as PersonId

/** What a test's run is accepted with: a hold that stands, or one that a person releases so long after the run has come to it. */
export type HoldScript = { readonly stands: true } | { readonly releasedAfter: Duration }

interface Item {
  readonly question: AskPerson
  readonly id: WorkItemId
  answer: PersonsAnswer | undefined
  closed: string | undefined
}

/** Models, people and knowledge that answer as a test's script says; what is not scripted fails and names the line to add. */
export class ScriptedWorld {
  readonly items = new Map<string, Item>()
  readonly #scripts: readonly Script[]
  readonly #memory: () => MemoryEngine
  readonly #connectors: Readonly<Record<string, unknown>>
  readonly #hold: HoldScript | undefined
  readonly #holds = new Map<RunId, { releasedBy: PersonId | undefined }>()

  constructor(
    scripts: readonly Script[],
    connectors: Readonly<Record<string, unknown>>,
    memory: () => MemoryEngine,
    hold?: HoldScript,
  ) {
    this.#scripts = scripts
    this.#connectors = connectors
    this.#memory = memory
    this.#hold = hold
  }

  answerTo(type: string, name: string): unknown {
    return this.#scripts.find((script) => script.type === type && script.resource === name)?.answer
  }

  #needed(type: string, name: string, example: string): unknown {
    const answer = this.answerTo(type, name)
    if (answer === undefined)
      throw new Unscripted(`Nothing scripts the ${type} "${name}": add when(${name}, ${example}) to the testbed.`)
    return answer
  }

  get ports(): CorridorPorts {
    const version = (name: string): { name: string; digest: string } => ({ name, digest: digestOf(name) })
    return {
      policy: { decide: async () => ({ allowed: true, policy: version('test policy'), reason: 'a test allows all' }) },
      classifiers: {
        classify: async ({ labels, text }) => {
          const name = this.#classifierFor(labels)
          const got = this.#needed('classifier', name, `{ label: '${labels[0] ?? ''}', confidence: 0.9 }`) as {
            label: string
            confidence: number
            accepted?: boolean
          }
          const { label, confidence, accepted = confidence >= 0.5 } = got
          return {
            label,
            confidence,
            accepted,
            threshold: 0.5,
            top: [{ label, confidence }],
            part: { start: 0, end: text.length },
            model: version('scripted model'),
          }
        },
      },
      generators: {
        generate: async ({ prompt }) => {
          const answer = this.answerTo('extraction', prompt.name) ?? this.#needed('prompt', prompt.name, '{ … }')
          return answer instanceof Failing
            ? failureOf(answer)
            : { value: answer as Json, model: version('scripted model') } // by the types of `when`
        },
      },
      embedders: {
        embed: async ({ name, texts }) => {
          const script = this.#needed('embedding', name, 'texts.map(() => [0, 1])')
          if (script instanceof Failing) return failureOf(script)
          const made: unknown = typeof script === 'function' ? script(texts) : script
          return { value: made as readonly (readonly number[])[], model: version('scripted model') } // by the types of `when`
        },
      },
      knowledge: {
        search: async ({ collection, topK }) => {
          const documents = this.#needed('collection', collection, '[{ … }]') as Json[]
          const hits = documents.slice(0, topK).map((body, i) => ({
            document: { id: String(i), version: digestOf(body), source: collection, body },
            score: 1 / (i + 1),
            chunk: version(`${collection}/${i}`),
          }))
          return { hits, encoder: version('scripted encoder') }
        },
      },
      people: {
        ask: async (question) => this.#ask(question),
        answer: async ({ run, stepKey }) => this.items.get(`${run}${stepKey}`)?.answer,
        close: async ({ run, stepKey }, why) => {
          const item = this.items.get(`${run}${stepKey}`)
          if (item && !item.answer) item.closed ??= why
          return item?.answer
        },
      },
      holds: { find: async ({ run }) => this.#holdOf(run) },
      connectors: {
        get: (name) => {
          if (!(name in this.#connectors))
            throw new Unscripted(
              `Nothing stands for the connector "${name}": give it in the testbed's connectors, or script the action that uses it.`,
            )
          return this.#connectors[name]
        },
      },
      systems: { run: (_action, _call, effect) => effect() },
      measure: { step: () => {} },
    }
  }

  /** The corridor asks by route and labels: the scripted classifier that has them is meant. */
  #classifierFor(labels: readonly string[]): string {
    const has = (script: Script): boolean => labels.every((label, i) => script.labels?.[i] === label)
    return this.#scripts.find((script) => script.type === 'classifier' && has(script))?.resource ?? 'classifier'
  }

  /** The first look at a hold starts the time to its release. */
  #holdOf(run: RunId): Hold | undefined {
    if (this.#hold === undefined) return undefined
    const known = this.#holds.get(run)
    if (known) return { run, ...known }
    const hold: { releasedBy: PersonId | undefined } = { releasedBy: undefined }
    this.#holds.set(run, hold)
    const { clock, engine } = this.#memory()
    if ('releasedAfter' in this.#hold)
      clock.afterCrashes(toMillis(this.#hold.releasedAfter), () => {
        hold.releasedBy = scriptedPerson
        void engine.ring({ run, key: '' })
      })
    return { run, ...hold }
  }

  #ask(question: AskPerson): WorkItemId {
    const memory = this.#memory()
    const name = `${question.run}${question.stepKey}`
    const known = this.items.get(name)
    if (known) return known.id
    const script = this.#needed('form', question.form.name, '{ approve: true }') as Record<string, unknown>
    const item: Item = {
      question,
      id: mintId('rev', memory.clock.today(), memory.random),
      answer: undefined,
      closed: undefined,
    }
    this.items.set(name, item)
    if (!('silent' in script))
      memory.clock.afterCrashes(toMillis((script['after'] as Duration | undefined) ?? 0), () =>
        this.#decide(item, script),
      )
    return item.id
  }

  #decide(item: Item, script: Record<string, unknown>): void {
    if (item.closed || item.answer) return
    const { question, id } = item
    const verdict = 'approve' in script ? 'approve' : 'reject' in script ? 'reject' : 'answer'
    const value = (verdict === 'approve' ? (script['edit'] ?? question.proposed) : script['answer']) as Json | undefined
    item.answer = {
      item: id,
      verdict,
      person: scriptedPerson,
      value,
      actionDigest:
        verdict === 'approve' && question.action ? digestOf([question.action.digest, value ?? null]) : undefined,
      edited: 'edit' in script,
      reason: script['reason'] as string | undefined,
    }
    const run: RunId = question.run
    void this.#memory().engine.ring({ run, key: question.stepKey })
  }
}

const failureOf = ({ code }: Failing): { readonly failure: MillraceError; readonly isFinal: true } => ({
  failure: new MillraceError(code, entryOf(code).sample),
  isFinal: true,
})

/** A test's own mistake: fails the test with the line to add, whatever the pipeline makes of it. */
export class Unscripted extends Error {
  readonly terminal = true
}
