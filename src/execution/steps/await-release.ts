import { digestOf } from '../../core/json.ts'
import type { Corridor } from '../corridor/corridor.ts'
import type { Versioned } from '../corridor/ports.ts'

/** What the gate knows: for who reads that the run is held. */
interface Held {
  readonly why: readonly string[]
  readonly queue: string | undefined
  readonly key: string | undefined
}

/**
 * An effect of a held run waits here: decided, approved where that was needed, and not begun. The release is read from Postgres, so that one
 * of before the wait, and one whose wake was lost, counts too (E4). Without a release nothing ends it but a cancel.
 */
export async function awaitRelease(corridor: Corridor, action: Versioned, { why, queue, key }: Held): Promise<void> {
  const { run, ports } = corridor
  const { tenant, run: id } = run.run
  await run.wait<{ releasedBy: string }>(corridor.keyOf('gate', `hold-${action.name}`, key), {
    kind: 'gate',
    arguments: { action: action.name },
    open: async () => {
      const hold = await ports.holds.find({ tenant, run: id })
      return { detail: { hold: hold?.run ?? id, action: action.name, why: [...why], queue: queue ?? null } }
    },
    read: async () => {
      const releasedBy = (await ports.holds.find({ tenant, run: id }))?.releasedBy
      if (releasedBy === undefined) return undefined
      const person = { kind: 'reviewer', digest: digestOf(releasedBy), name: releasedBy } as const
      return { value: { releasedBy }, evidence: { factors: [person] } }
    },
    close: async () => undefined, // nothing was opened: the hold is the run's
  })
}
