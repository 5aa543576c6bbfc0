import type { Capability } from '../../sdk/models.ts'
import type { ModelRequest } from './dialect.ts'
import { files, pictures } from './input-bound.ts'
import { partsIn } from './parts.ts'
import { objectOf, textOf } from './unknown-json.ts'

/** What a model must be able to do for this request: it goes to no model that declares less. In the order of the declared names. */
export function needsOf(request: ModelRequest): readonly Capability[] {
  const { dialect, hasTools, isStream, json } = request
  if (dialect === 'open-inference') return []
  if (dialect === 'openai-embeddings') return ['embeddings']
  let hasPicture = false
  let hasFile = false
  for (const part of partsIn(json['messages'] ?? json['input'])) {
    const type = textOf(part['type'])
    if (type === undefined) continue
    hasPicture ||= pictures.has(type)
    hasFile ||= files.has(type)
  }
  return [
    ...(hasTools ? (['tools'] as const) : []),
    ...(hasPicture ? (['images'] as const) : []),
    ...(hasFile ? (['documents'] as const) : []),
    ...(asksForm(request) ? (['structured-output'] as const) : []),
    ...(isStream ? (['streaming'] as const) : []),
  ]
}

/** A form other than text: `json_schema`, `json_object`, a grammar. */
function asksForm({ json }: ModelRequest): boolean {
  const form =
    objectOf(json['response_format']) ??
    objectOf(objectOf(json['text'])?.['format']) ??
    objectOf(objectOf(json['output_config'])?.['format']) ??
    objectOf(json['output_format'])
  return form !== undefined && form['type'] !== 'text'
}
