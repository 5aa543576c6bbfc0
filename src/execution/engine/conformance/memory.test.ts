import { mainTenant } from '../../../core/ids.ts'
import { MemoryEngine } from '../memory-engine.ts'
import { type Bed, driveAsRival, type MakeBed } from './bed.ts'
import { describeEngine } from './suite.ts'

const makeBed: MakeBed = async (code, options = {}) => {
  const memory = new MemoryEngine(() => code, options)
  if (!options.isAbsent) await memory.serve()
  const bed: Bed = {
    get engine() {
      return memory.engine
    },
    async start(input = null, { run = memory.runId(), digest = 'd' } = {}) {
      await memory.engine.start({ tenant: mainTenant, run, pipeline: 'test', digest, input })
      return run
    },
    runId: () => memory.runId(),
    crash: async () => memory.crash(),
    rest: () => memory.settle(),
    outcome: async (run) => (await memory.log.outcome(run))?.outcome,
    rows: async (run) => (await memory.log.load(run))?.rows ?? [],
    // Time moves only while the bed settles: a test that waits drives it.
    delay: (ms) => (inBody() ? memory.clock.delay(ms) : advance(memory, ms)),
    rival: (run) => driveAsRival({ log: memory.log, clock: memory.clock, code, run }),
    cut: async (run, rows) => memory.log.cut(run, rows),
    dispose: async () => {},
  }
  return bed
}

/** True while a settle drives the clock: then a delay is a body's. */
let settling = 0
const inBody = (): boolean => settling > 0

async function advance(memory: MemoryEngine, ms: number): Promise<void> {
  const until = memory.clock.now() + ms
  let isOver = false
  memory.clock.afterCrashes(ms, () => {
    isOver = true
  })
  settling++
  try {
    await memory.clock.settleUntil(() => isOver || memory.clock.now() > until)
  } finally {
    settling--
  }
}

describeEngine('memory', wrapSettling(makeBed), { trees: 150, waits: 2000 })

/** Marks the time in which the clock is driven by `rest`. */
function wrapSettling(make: MakeBed): MakeBed {
  return async (code, options) => {
    const bed = await make(code, options)
    const rest = bed.rest.bind(bed)
    bed.rest = async () => {
      settling++
      try {
        await rest()
      } finally {
        settling--
      }
    }
    return bed
  }
}
