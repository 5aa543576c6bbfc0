import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { repeat } from '../execution/engine/housekeeping.ts'
import { FreeCalls } from '../models/free-calls/free-calls.ts'
import { Targets } from '../models/providers/targets.ts'
import { Upstream } from '../models/providers/upstream.ts'
import { type ResponseKeys, StoredResponses } from '../models/responses/stored-responses.ts'
import type { Settings } from '../sdk/config.ts'
import type { Pool } from '../store/pool.ts'

const sweepEvery = 600_000

/** Answers that are kept, and the calls to providers that nobody bills. */
export function openStoredResponses(o: {
  readonly pool: Pool
  readonly keys: ResponseKeys
  readonly settings: Settings
  readonly clock: Clock
  readonly random: Random
}) {
  const { clock, keys, pool, random, settings } = o
  const stored = new StoredResponses({ pool, keys, random })
  const upstream = new Upstream({ clock })
  const free = new FreeCalls({
    targets: new Targets(clock),
    upstream,
    keysOf: ({ model }) => {
      const declared = settings.models?.[model]
      return declared && 'keys' in declared ? (declared.keys ?? []) : []
    },
    clock,
    random,
  })
  const stop = repeat(clock, sweepEvery, async () => void (await stored.sweep()))
  return {
    stored,
    free,
    async close(): Promise<void> {
      await stop()
      await upstream.close()
    },
  }
}
