import { isMillraceError } from '../core/errors/millrace-error.ts'

/** What the doctor found of one thing that a start needs. */
export interface Check {
  readonly name: string
  /** `unsure`: a start may still work. `skipped`: what it rests on failed. */
  readonly state: 'ok' | 'unsure' | 'failed' | 'skipped'
  readonly found: string
  /** What to do; absent where nothing is. */
  readonly todo?: string
}

export const ok = (name: string, found: string): Check => ({ name, state: 'ok', found })
export const skipped = (name: string, found: string): Check => ({ name, state: 'skipped', found })
export const unsure = (name: string, found: string, todo: string): Check => ({ name, state: 'unsure', found, todo })
export const failed = (name: string, found: string, todo: string): Check => ({ name, state: 'failed', found, todo })

/** A check that throws has found what is wrong; the dictionary's messages say what to do themselves. */
export async function attempt(name: string, todo: string, look: () => Promise<Check> | Check): Promise<Check> {
  try {
    return await look()
  } catch (error) {
    if (isMillraceError(error)) return { name, state: 'failed', found: `${error.code}: ${error.message}` }
    return failed(name, error instanceof Error ? error.message || error.name : String(error), todo)
  }
}
