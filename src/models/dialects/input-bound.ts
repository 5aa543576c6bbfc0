import { type JsonObject, objectOf, textOf } from './unknown-json.ts'

/**
 * The dearest picture that a provider documents: 2,833 tokens and 5,667 for each of at most eight tiles (gpt-4o-mini, high detail). A picture's
 * tokens have nothing to do with its bytes.
 */
const mostOfPicture = 48_169
/** How many pages a file has is not known here, so a file may fill the largest context that is sold. */
const mostOfFile = 1_000_000
/** What a provider writes around tools before the model sees them. */
const mostOfToolPrompt = 1000

export const pictures: ReadonlySet<string> = new Set(['image', 'image_url', 'input_image', 'computer_screenshot'])
export const files: ReadonlySet<string> = new Set(['document', 'file', 'input_file', 'container_upload'])

/** The most input tokens that a body can mean: one for each byte, as no token is shorter, and what stands in it only by reference. */
export function inputBound(o: {
  readonly bytes: number
  readonly parts: readonly JsonObject[]
  readonly hasTools: boolean
}): number {
  let bound = o.bytes + (o.hasTools ? mostOfToolPrompt : 0)
  for (const part of o.parts) {
    const type = textOf(part['type'])
    if (type === undefined) continue
    if (pictures.has(type)) bound += mostOfPicture
    if (files.has(type) && objectOf(part['source'])?.['type'] !== 'text') bound += mostOfFile
  }
  return bound
}
