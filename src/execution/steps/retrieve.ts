import type { Json } from '../../core/json.ts'
import type { Collection } from '../../sdk/resources.ts'
import { patient, type StepKindDefinition } from '../corridor/corridor.ts'

interface Question {
  readonly collection: Collection<never>
  readonly text: string
  readonly topK: number
}

/** Searches a knowledge collection; every hit is evidence, with source, version and score. */
export const retrieveStep: StepKindDefinition<Question, Json> = {
  kind: 'retrieve',
  timeout: 30_000,
  retry: patient,
  resource: ({ collection }) => ({ kind: 'collection', digest: collection.digest, name: collection.name }),
  arguments: ({ text, topK }) => ({ text, topK }),
  async execute({ collection, text, topK }, { ports, run, signal }) {
    const { hits, encoder } = await ports.knowledge.search({
      tenant: run.run.tenant,
      collection: collection.name,
      text,
      topK,
      signal,
    })
    return {
      value: hits.map(({ document, score }) => ({
        document: document.body,
        id: document.id,
        version: document.version,
        source: document.source,
        score,
      })),
      evidence: {
        factors: [
          { kind: 'model', digest: encoder.digest, name: encoder.name },
          ...hits.map(({ chunk }) => ({ kind: 'chunk' as const, digest: chunk.digest, name: chunk.name })),
        ],
        // A factor says that a chunk took part; how near it was stands here.
        detail: {
          encoder: encoder.digest,
          chunks: hits.map(({ chunk, document, score }) => ({
            chunk: chunk.digest,
            document: document.id,
            version: document.version,
            score,
          })),
        },
      },
    }
  },
}
