import { z } from 'zod'
import type { Resource } from './resources.ts'
import { describeSchema, digestOfResource, type JsonSchemaOf, type OutputOf, type Schema } from './schema.ts'

export interface Prompt<I, O> extends Resource<'prompt'> {
  readonly route: string
  /** A Dotprompt file's text. */
  readonly template: string
  /** What a route without a model fills: `template` itself, unless said. */
  readonly withoutModel: string | undefined
  readonly input: Schema<I>
  readonly output: Schema<O>
}

/** A prompt of any types: what the platform handles; values are checked against the prompt's own schemas. */
export type AnyPrompt = Prompt<unknown, unknown>

/**
 * A Dotprompt template and the schemas around it. What answers it stands behind `route`: a language model, or, where the route is
 * `{ template: true }`, the template itself. For a prompt that tells a model what to do, `withoutModel` is what such a route fills instead.
 * Texts of the input that are not labelled `.meta({ trust: 'trusted' })` are fenced off for a model.
 */
export const prompt = <I extends Schema, O extends Schema>(o: {
  name: string
  route: string
  template: string
  withoutModel?: string | undefined
  input: I & JsonSchemaOf<I>
  output: O & JsonSchemaOf<O>
}): Prompt<OutputOf<I>, OutputOf<O>> => ({
  type: 'prompt',
  name: o.name,
  route: o.route,
  template: o.template,
  withoutModel: o.withoutModel,
  input: o.input, // a schema of its own output
  output: o.output, // a schema of its own output
  digest: digestOfResource('prompt', {
    name: o.name,
    route: o.route,
    template: o.template,
    ...(o.withoutModel !== undefined && { withoutModel: o.withoutModel }),
    input: describeSchema(o.input),
    output: describeSchema(o.output),
  }),
})

export interface Extraction<O> extends Resource<'extraction'> {
  /** Asked as a prompt whose input is one text. */
  readonly prompt: Prompt<{ readonly text: string }, O>
}

/** What the model is told where an extraction has no template of its own. */
const extractTemplate = `{{role "system"}}
Read the text and fill in the fields of the schema from it alone. Copy what stands there; guess nothing and add nothing. Where the text does not say, answer null if the schema allows it.
{{role "user"}}
{{text}}
`

/**
 * The fields of a schema, read out of a text by the model behind `route`. Let a field be `.nullable()` where a text may not have it, or the model must
 * invent. `template` names `{{text}}`. `pii` says what the texts may hold; unsaid, the most delicate.
 */
export const extraction = <O extends Schema>(o: {
  name: string
  route: string
  template?: string
  pii?: string
  output: O & JsonSchemaOf<O>
}): Extraction<OutputOf<O>> => {
  const { name, route, template = extractTemplate, pii } = o
  const text = z.string().meta({ trust: 'untrusted', ...(pii !== undefined && { pii }) })
  const asked = prompt({ name, route, template, input: z.object({ text }), output: o.output as never }) // its own check is this one's
  return { type: 'extraction', name, prompt: asked, digest: asked.digest }
}

export interface Embedding extends Resource<'embedding'> {
  readonly route: string
  /** What the texts may hold, as the label `pii` says it. */
  readonly pii: string | undefined
}

/** Vectors of texts, by the model behind `route`. `pii` says what the texts may hold; unsaid, the most delicate. */
export const embedding = (o: { name: string; route: string; pii?: string }): Embedding => {
  const { name, route, pii } = o
  const digest = digestOfResource('embedding', { name, route, ...(pii !== undefined && { pii }) })
  return { type: 'embedding', name, route, pii, digest }
}
