import { afterEach, describe } from 'vitest'
import type { Bed, MakeBed, Suite, SuiteSize } from './bed.ts'
import { cancelling } from './cancelling.ts'
import { enduring } from './enduring.ts'
import { failing } from './failing.ts'
import { replaying } from './replaying.ts'
import { waiting } from './waiting.ts'

/** The behaviours of docs/specs/engine.md, "Conformance", under their numbers; the same on every implementation. */
export function describeEngine(name: string, makeBed: MakeBed, size: SuiteSize): void {
  describe(name, () => {
    const beds: Bed[] = []
    afterEach(async () => {
      for (const bed of beds.splice(0)) await bed.dispose()
    })
    const bedFor: Suite['bedFor'] = async (code, options) => {
      const bed = await makeBed(code, options)
      beds.push(bed)
      return bed
    }
    for (const part of [replaying, cancelling, waiting, failing, enduring]) part({ bedFor, makeBed, size })
  })
}
