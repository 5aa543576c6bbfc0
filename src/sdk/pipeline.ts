import type { Json } from '../core/json.ts'
import type { Context } from './context.ts'
import type { EventType, Resource } from './resources.ts'
import { digestOfResource } from './schema.ts'

export interface Pipeline<I, O> extends Resource<'pipeline'> {
  readonly on: EventType<I>
  /** The business entity: cost, and sticky routing. */
  readonly entity: ((input: I) => { readonly type: string; readonly id: string }) | undefined
  /** The person whose data it is: their key encrypts the run. */
  readonly subject: ((input: I) => string) | undefined
  readonly body: (context: Context, input: I) => Promise<O>
}

/** A pipeline of any input and output: what lists take, since `Pipeline<I, O>` is invariant. */
export interface AnyPipeline extends Resource<'pipeline'> {
  readonly on: EventType<unknown>
  readonly entity: ((input: never) => { readonly type: string; readonly id: string }) | undefined
  readonly subject: ((input: never) => string) | undefined
  readonly body: (context: Context, input: never) => Promise<unknown>
}

/** A business process as ordinary typed code. Its result is JSON. */
export const pipeline = <I, O extends Json | undefined>(
  o: {
    name: string
    on: EventType<I>
    entity?: (input: NoInfer<I>) => { type: string; id: string }
    subject?: (input: NoInfer<I>) => string
  },
  body: (context: Context, input: NoInfer<I>) => Promise<O>,
): Pipeline<I, O> => ({
  type: 'pipeline',
  name: o.name,
  on: o.on,
  entity: o.entity,
  subject: o.subject,
  body,
  digest: digestOfResource('pipeline', { name: o.name, on: o.on.digest }, [body]),
})
