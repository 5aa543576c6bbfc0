import { Dotprompt, type PromptFunction } from 'dotprompt'
import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Json } from '../../core/json.ts'
import { namesIn } from './template-names.ts'

/** A prompt as it is declared: the text of a Dotprompt file (https://google.github.io/dotprompt), and the schemas around it as JSON Schema. */
export interface PromptSource {
  readonly name: string
  /** SHA-256 hex of all that is declared: the prompt's version. */
  readonly digest: string
  readonly template: string
  readonly input: Json
  readonly output: Json
}

/** What a file's front matter may set of a model, under the names that Dotprompt's users know. */
const parameters = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  maxOutputTokens: z.int().min(1).optional(),
  topP: z.number().min(0).max(1).optional(),
  stopSequences: z.array(z.string().min(1)).min(1).max(4).optional(),
  seed: z.int().optional(),
})
export type Parameters = z.output<typeof parameters>

const frontMatter = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  config: parameters.optional(),
  output: z
    .strictObject({ format: z.enum(['text', 'json']).optional(), schema: z.unknown() })
    .partial()
    .optional(),
})

/** A prompt that can be rendered. */
export interface CompiledPrompt {
  readonly render: PromptFunction
  readonly parameters: Parameters
  /** `text`: the answer's text is the field `text`, as it is. */
  readonly format: 'text' | 'json'
}

/** Fields of Dotprompt that something else decides here. */
const elsewhere: Readonly<Record<string, string>> = {
  model: 'it names a model, and which one answers is for the route to say',
  input: 'it declares its input, which stands in the code beside it',
  tools: 'it names tools, which steps do not have',
  toolDefs: 'it names tools, which steps do not have',
}

/** Reads a prompt's file. Errors: `model/bad-template`. */
export async function compilePrompt({ name, template, input, output }: PromptSource): Promise<CompiledPrompt> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new MillraceError('model/bad-template', { prompt: name, why }, { cause })
  }
  const dotprompt = new Dotprompt()
  const parsed = dotprompt.parse(template)
  const raw = parsed.raw ?? {}
  if (parsed.raw === undefined && /^---\s/.test(template)) refuse('its front matter is no YAML between two lines ---')
  const foreign = Object.keys(raw).find((key) => key in elsewhere)
  if (foreign !== undefined) refuse(elsewhere[foreign] ?? '')
  const front = frontMatter.safeParse(raw)
  if (!front.success) {
    const [issue] = front.error.issues
    return refuse(`its front matter, ${issue?.path.join('.') || 'at the top'}: ${issue?.message ?? 'it does not fit'}`)
  }
  const known = fieldsOf(input)
  const unknown = known && [...namesIn(parsed.template)].find((field) => !known.has(field))
  if (unknown !== undefined) refuse(`it names {{${unknown}}}, which the input does not have`)
  try {
    const { config = {}, output: said } = front.data
    const render = await dotprompt.compile(template)
    return { render, parameters: config, format: said?.format ?? (said?.schema ? 'json' : formatOf(output)) }
  } catch (cause) {
    return refuse(cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'it cannot be read', cause)
  }
}

/** The fields of an object whose schema allows no others. */
function fieldsOf(schema: Json): ReadonlySet<string> | undefined {
  const { properties, additionalProperties } = schema as { properties?: object; additionalProperties?: unknown } // asked of an object
  return properties && additionalProperties === false ? new Set(Object.keys(properties)) : undefined
}

/** An output that needs one text and nothing else need not be JSON. */
function formatOf(schema: Json): 'text' | 'json' {
  const { required } = schema as { required?: Json } // asked of an object
  return JSON.stringify(required) === '["text"]' ? 'text' : 'json'
}
