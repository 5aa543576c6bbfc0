import { z } from 'zod'
import type { Json } from '../src/core/json.ts'
import type { ServerUnderTest } from './server-under-test.ts'

export interface BenchEvent {
  readonly id: string
  readonly type: string
  readonly data: Json
}

const taken = z.object({ accepted: z.array(z.object({ run: z.string(), isDuplicate: z.boolean() })) })

/** The body of a batch: made beforehand where its making is not to be measured. */
export const batchBody = (events: readonly BenchEvent[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    Buffer.from(JSON.stringify(events.map((event) => ({ specversion: '1.0', source: 'urn:bench', ...event })))),
  )

/** Resolves once the batch is accepted durably, with the runs that its events will have. */
export async function sendBatch(
  { client }: ServerUnderTest,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<readonly string[]> {
  const { accepted } = await client.postBytes('/events', { type: 'application/cloudevents-batch+json', bytes }, taken)
  return accepted.map(({ run }) => run)
}
