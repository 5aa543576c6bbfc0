import { z } from 'zod'
import type { BudgetDeclaration, PriceDeclaration } from './costs.ts'
import type { DataClass, LocalRoute, ModelDeclaration, RouteDeclaration } from './models.ts'
import type { AnyPipeline } from './pipeline.ts'
import type { AnyCollection } from './resources.ts'

/** What the first policy allows, by name; everything else is denied. `'*'` is every step of the pipeline. */
export interface Allowance {
  readonly pipeline: string
  /** `classify:support-intent`, `act:*`, or `'*'`. */
  readonly steps: readonly string[] | '*'
}

export interface Settings {
  readonly pipelines: readonly AnyPipeline[]
  /** Models that the gateway may ask, by name. */
  readonly models?: Readonly<Record<string, ModelDeclaration>>
  /** Where a route leads: to a classifier head in a model directory, to a template, or to `models` by way of the gateway. */
  readonly routes: Readonly<Record<string, LocalRoute | RouteDeclaration>>
  /** What models cost, where the price book does not know it or is to be overruled. */
  readonly prices?: readonly PriceDeclaration[]
  /** A tree of what may be spent. */
  readonly budgets?: readonly BudgetDeclaration[]
  /** Opens the gateway to clients over HTTP (`/v1`), and says what their calls are held to. Absent: it is closed to them. */
  readonly gateway?: {
    /** Nodes of `budgets`; the levels above them apply too. */
    readonly budgets: readonly string[]
    /** What the clients' data may be at most: `special`, the most delicate, unless said. */
    readonly dataClass?: DataClass
  }
  /** Nodes of `budgets` that the model calls of a pipeline's steps are held to, by the pipeline's name. Not named: nothing limits them. */
  readonly pipelineBudgets?: Readonly<Record<string, readonly string[]>>
  /** Models within this process (`onnx`). */
  readonly inference?: {
    /** Bytes of all of them together, by estimate: 1 GiB unless said. */
    readonly memory?: number
    /** Texts that wait for one of them, at most: 4096 unless said. */
    readonly mostWaiting?: number
  }
  readonly collections?: readonly { readonly collection: AnyCollection; readonly documents: string }[]
  /** The mailbox connector feeds this pipeline. */
  readonly mailbox?: {
    readonly pipeline: string
    readonly customers?: string
    readonly demo?: string
    readonly address: string
    /** smtp://user:password@host:port, from the environment. Used only by a server that was started with `--send`. */
    readonly smtp?: string | undefined
    /** The most replies to one address in a day: 10 unless said. */
    readonly repliesADay?: number
  }
  /** What one transaction of a pipeline took by hand, by the pipeline's name: minutes, and what an hour costs. The overview holds runs against it. */
  readonly baselines?: Readonly<
    Record<string, { readonly minutes: number; readonly hourly: number; readonly currency: string }>
  >
  readonly allow: readonly Allowance[]
}

export interface Config {
  readonly settings: (env: Readonly<Record<string, string | undefined>>) => Settings
}

/** The project's `millrace.config.ts`. Environment variables are checked at start: every missing or wrong one is listed at once. */
export function defineConfig<E extends z.ZodType<Record<string, unknown>>>(o: {
  env?: E
  settings: (env: z.output<E>) => Settings
}): Config {
  return {
    settings(env) {
      if (!o.env) return o.settings({} as z.output<E>) // no schema: no variables
      const checked = o.env.safeParse(env)
      if (!checked.success)
        throw new EnvironmentProblems(checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))
      return o.settings(checked.data)
    },
  }
}

/** The environment does not fit the configuration's schema. */
export class EnvironmentProblems extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('; '))
    this.problems = problems
  }
}
