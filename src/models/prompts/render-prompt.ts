import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Json } from '../../core/json.ts'
import { fenceOf } from './fence.ts'
import { compilePrompt, type CompiledPrompt, type Parameters, type PromptSource } from './prompt-file.ts'
import { fencedIn } from './untrusted.ts'

export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What a model is asked, to the byte. */
export interface RenderedPrompt {
  readonly messages: readonly PromptMessage[]
  readonly parameters: Parameters
  readonly format: 'text' | 'json'
  /** Of the front matter, which goes before the code's where it stands. */
  readonly schema: Json
}

const roles: Readonly<Record<string, PromptMessage['role']>> = { system: 'system', user: 'user', model: 'assistant' }
/** Unicode's characters for use within a program: none of them is anybody's text. */
const standIns: readonly string[] = Array.from({ length: 32 }, (_, n) => String.fromCodePoint(0xfdd0 + n))

/**
 * Owns: prompts as they were compiled, and their rendering. Does not own: which model is asked, and what becomes of its answer.
 *
 * 1. What is not known to be trusted stands between fences that nothing in it can close (`fence.ts`), and the model is told so first.
 * 2. No value makes a message, takes a role or brings in a picture. Dotprompt finds its own marks, `<<<dotprompt:...>>>`, in the text that it has
 *    filled already; taking them out of each value first would leave those that come together from two values, or from what was around one that
 *    was taken out. So no value has a `<` while Dotprompt reads, and gets it back when the messages are made.
 * 3. The same prompt and input are the same bytes.
 */
export class PromptRenderer {
  readonly #compiled = new Map<string, Promise<CompiledPrompt>>()

  /** Errors: `model/bad-template`. */
  async render(source: PromptSource, input: Json): Promise<RenderedPrompt> {
    const refuse = (why: string, cause?: unknown): never => {
      throw new MillraceError('model/bad-template', { prompt: source.name, why }, { cause })
    }
    if (input === null || typeof input !== 'object' || Array.isArray(input))
      return refuse('its input is not an object with fields')
    const { format, parameters, render } = await this.#compile(source)
    const fence = fenceOf(source.digest, input)
    const standIn = standInFor(input) ?? refuse('its input holds every character that Unicode keeps for programs')
    let isFenced = false
    const around = (text: string): string => {
      isFenced = true
      return fence.around(text)
    }
    const values = fencedIn(input, source.input, around) ?? refuse('a key within its input is no plain name')
    const filled = await render({ input: JSON.parse(JSON.stringify(values).replaceAll('<', standIn)) as object }).catch(
      (cause: unknown) => refuse(cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'it failed', cause),
    )
    const messages = filled.messages
      .map(({ content, role }): PromptMessage => {
        const known = roles[role] ?? refuse(`it has a message of the role ${role}`)
        const texts = content.map((part) => part.text ?? refuse('it holds something beside text'))
        return { role: known, content: texts.join('').replaceAll(standIn, '<').trim() }
      })
      .filter((message) => message.content !== '')
    if (messages.length === 0) return refuse('it says nothing')
    const schema: Json = filled.output?.schema ?? source.output
    return { messages: isFenced ? told(messages, fence.notice) : messages, parameters, format, schema }
  }

  #compile(source: PromptSource): Promise<CompiledPrompt> {
    const known = this.#compiled.get(source.digest)
    if (known) return known
    const compiled = compilePrompt(source)
    this.#compiled.set(source.digest, compiled)
    return compiled
  }
}

/** A character that the input does not hold. */
function standInFor(input: Json): string | undefined {
  const written = JSON.stringify(input)
  return standIns.find((character) => !written.includes(character))
}

function told(messages: readonly PromptMessage[], notice: string): readonly PromptMessage[] {
  const [first, ...rest] = messages
  if (first?.role !== 'system') return [{ role: 'system', content: notice }, ...messages]
  return [{ role: 'system', content: `${notice}\n\n${first.content}` }, ...rest]
}
