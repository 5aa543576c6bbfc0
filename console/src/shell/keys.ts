/** What a key press means to the shell. */
export type ShellKey = { readonly is: 'go'; readonly to: string } | { readonly is: 'help' } | { readonly is: 'find' }

/** After `G` the letter must come within this time. */
const chordWithin = 1500

export interface Press {
  readonly key: string
  readonly at: number
  readonly isRepeat: boolean
  readonly isComposing: boolean
  readonly withControl: boolean
  readonly withAlt: boolean
  /** The focus is where letters are written. */
  readonly inField: boolean
}

/**
 * Owns: what presses of one page add up to. Keys go by `event.key`, so that a letter is the letter of the reader's own keyboard; they are off
 * in fields, during composition and with a modifier, but for Ctrl K (Cmd K), which opens the palette from everywhere.
 */
export class ShellKeys {
  #chordSince: number | undefined
  readonly #places: ReadonlyMap<string, string>
  /** Single letters can be switched off (WCAG 2.1.4). */
  lettersOn = true

  constructor(places: readonly { readonly key: string; readonly to: string }[]) {
    this.#places = new Map(places.map(({ key, to }) => [key, to]))
  }

  press({ at, inField, isComposing, isRepeat, key, withAlt, withControl }: Press): ShellKey | undefined {
    const since = this.#chordSince
    this.#chordSince = undefined
    if (isRepeat || isComposing) return undefined
    const letter = key.toLowerCase()
    if (withControl) return letter === 'k' && !withAlt ? { is: 'find' } : undefined
    if (withAlt || inField || !this.lettersOn) return undefined
    if (since !== undefined && at - since <= chordWithin) {
      const to = this.#places.get(letter)
      if (to !== undefined) return { is: 'go', to }
    }
    if (letter === 'g') this.#chordSince = at
    return key === '?' ? { is: 'help' } : undefined
  }
}

/** Where letters are text. */
export const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
