import type { Json } from '../../core/json.ts'
import type { Classifier } from '../../sdk/resources.ts'
import { patient, type StepKindDefinition } from '../corridor/corridor.ts'
import { StepFailure } from '../engine/failures.ts'

interface Question {
  readonly classifier: Classifier<string>
  readonly text: string
}
type Result = {
  readonly label: string
  readonly confidence: number
  readonly accepted: boolean
  readonly top: { readonly label: string; readonly confidence: number }[]
  readonly part: { readonly start: number; readonly end: number }
}

/** Asks the model behind a route which of a fixed set of labels a text has. */
export const classifyStep: StepKindDefinition<Question, Result> = {
  kind: 'classify',
  timeout: 30_000,
  retry: patient,
  resource: ({ classifier }) => ({ kind: 'classifier', digest: classifier.digest, name: classifier.name }),
  arguments: ({ text }) => text,
  async execute({ classifier, text }, { ports, signal }) {
    const { route, labels, name } = classifier
    const got = await ports.classifiers.classify({ route, labels, text, signal })
    const unknown = got.top.find((one) => !labels.includes(one.label))
    if (unknown)
      throw new StepFailure(
        'classify/unknown-label',
        `The model behind ${route} answered a label that ${name} does not have. Train it on the labels of the classifier, or add the label.`,
        { terminal: true },
      )
    const { label, confidence, accepted, threshold, part } = got
    const top = got.top.map((one) => ({ label: one.label, confidence: one.confidence }))
    return {
      value: { label, confidence, accepted, top, part },
      evidence: {
        factors: [{ kind: 'model', digest: got.model.digest, name: got.model.name }],
        confidence,
        detail: { threshold } satisfies Json,
      },
    }
  },
}
