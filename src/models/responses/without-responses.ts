import { objectOf, parsed, textOf } from '../dialects/unknown-json.ts'

/** After so long a server is asked again: it may have been replaced by a newer one. */
const forgottenAfter = 3_600_000

/**
 * Owns: which models' servers were found to have no `/v1/responses`, though they speak OpenAI's chat: many do not, and none says so before it is asked.
 * Calls for them are carried to their chat from then on. What is held is of this process, and for an hour.
 */
export class WithoutResponses {
  readonly #since = new Map<string, number>()
  readonly #now: () => number

  /** `now`: monotonic. */
  constructor(now: () => number) {
    this.#now = now
  }

  has(version: string): boolean {
    const since = this.#since.get(version)
    if (since === undefined) return false
    if (this.#now() - since < forgottenAfter) return true
    this.#since.delete(version)
    return false
  }

  /** Hears what a server said to a request for a response; true: it has no such address, and its chat may be asked instead. */
  hear(version: string, said: { readonly status: number; readonly body: Buffer }): boolean {
    if (!lacksAddress(said)) return false
    this.#since.set(version, this.#now())
    return true
  }
}

/**
 * Whether an error is about the address, and not about what the request names: vLLM says `Not Found`, llama.cpp `File Not Found`, Go's servers
 * `404 page not found`; of a model or an earlier response that is not there each says just that.
 */
function lacksAddress({ body, status }: { readonly status: number; readonly body: Buffer }): boolean {
  if (status === 405 || status === 501) return true
  if (status !== 404) return false
  const text = body.toString('utf8')
  const error = objectOf(objectOf(parsed(text))?.['error'])
  const names = [error?.['code'], error?.['param'], error?.['message']].map((one) => textOf(one) ?? '').join(' ')
  return !/model|response/i.test(names)
}
