import { MillraceError } from '../core/errors/millrace-error.ts'
import type { Json } from '../core/json.ts'

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g

/**
 * Fills `{{name}}` from the fields of `input`: texts, numbers and booleans, as text. The template is read once, from left to right, so a value
 * that contains a placeholder stays as it is. Errors: `model/bad-template`.
 */
export function fillTemplate(prompt: { readonly name: string; readonly template: string }, input: Json): string {
  const refuse = (why: string): never => {
    throw new MillraceError('model/bad-template', { prompt: prompt.name, why })
  }
  if (input === null || typeof input !== 'object' || Array.isArray(input))
    return refuse('its input is not an object with fields')
  if (/^---\s/.test(prompt.template))
    return refuse(
      'it has front matter, so it tells a model what to do: give the prompt `withoutModel`, or its route a model',
    )
  const fields = new Map<string, Json | undefined>(Object.entries(input))
  return prompt.template.replaceAll(placeholder, (_, name: string) => {
    const value = fields.get(name)
    if (value === undefined) return refuse(`it names {{${name}}}, which the input does not have`)
    if (value === null || typeof value === 'object') return refuse(`{{${name}}} is not a text, a number or a boolean`)
    return String(value)
  })
}
