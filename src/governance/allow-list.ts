import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { digestOf, type Json } from '../core/json.ts'

/** What a step asks: may this pipeline use this resource so? */
export interface StepQuestion {
  readonly pipeline: string
  /** `classify`, `act`, ... */
  readonly kind: string
  readonly resource: { readonly name: string }
}

export interface PolicyAnswer {
  readonly allowed: boolean
  /** The policy that decided, by the digest of its content: an edit is another version. */
  readonly policy: { readonly name: string; readonly digest: string }
  readonly reason: string
}

const kinds = 'classify|extract|generate|embed|retrieve|decide|act|gate|review|task|rpa|sleep|signal|call'
const step = z
  .string()
  .max(300)
  .regex(
    new RegExp(`^(?:(?:${kinds}):(?:\\*|[A-Za-z0-9][A-Za-z0-9._-]*)|\\*)$`),
    `expected kind:resource, kind:* or *, the kind one of ${kinds.replaceAll('|', ', ')}`,
  )
const pipeline = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "expected a pipeline's name") // '*' would look as if it named them all
const allowances = z
  .array(z.strictObject({ pipeline, steps: z.union([z.literal('*'), z.array(step).max(1000)]) }))
  .max(1000)

/**
 * The first policy: what the configuration names is allowed, everything else is denied. Cedar takes its place behind the same port.
 *
 * 1. Denied by default: a pipeline or step that is not named is denied.
 * 2. An error while deciding is a denial.
 * 3. The gate of an effect is part of the effect: `act:send-reply` allows to decide whether a person is asked first. `gate:send-reply`
 *    allows that alone.
 */
export class AllowList {
  readonly version: { readonly name: string; readonly digest: string }
  readonly #steps = new Map<string, Set<string>>()

  /** Errors: `governance/bad-policy`, with every problem. */
  constructor(allow: unknown) {
    const read = allowances.safeParse(allow)
    if (!read.success) throw new MillraceError('governance/bad-policy', { problems: problemsOf(read.error) })
    this.version = { name: 'allow-list', digest: digestOf(read.data satisfies Json) }
    for (const { pipeline, steps } of read.data) {
      const known = this.#steps.get(pipeline) ?? new Set()
      for (const one of steps === '*' ? ['*'] : steps) known.add(one)
      this.#steps.set(pipeline, known)
    }
  }

  async decide(question: StepQuestion): Promise<PolicyAnswer> {
    try {
      return this.#decide(question)
    } catch {
      return { allowed: false, policy: this.version, reason: 'the policy could not be evaluated' }
    }
  }

  #decide({ pipeline, kind, resource: { name } }: StepQuestion): PolicyAnswer {
    const steps = this.#steps.get(pipeline)
    const verbs = kind === 'gate' ? ['act', 'gate'] : [kind]
    const by = [...verbs.flatMap((verb) => [`${verb}:${name}`, `${verb}:*`]), '*'].find((one) => steps?.has(one))
    if (by !== undefined) return { allowed: true, policy: this.version, reason: `allowed by ${by}` }
    return {
      allowed: false,
      policy: this.version,
      reason: steps
        ? `the allow list names no ${verbs[0]}:${name} for it`
        : 'the allow list does not name the pipeline',
    }
  }
}

const problemsOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 10)
    .map((issue) => `allow.${issue.path.join('.')}: ${issue.message}`)
    .join('; ')
