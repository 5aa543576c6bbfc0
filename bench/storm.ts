import { type Bench, median } from './bench.ts'
import type { Loaded } from './gateway-messages.ts'
import { callers, gatewayUnderTest, scriptedModels } from './gateway-processes.ts'
import { percentile } from './percentile.ts'

/** How slow the one model becomes. */
const slow = 20_000
/** Callers of the route that does well, and those that go on calling the slow one. */
const [calm, stubborn] = [8, 200]

/**
 * Milliseconds of a call of one route, P95, while the model behind another route takes 20 s to answer and 200 callers go on asking for it, against the
 * same before. Both routes go through one gateway.
 */
export const storm: Bench = {
  name: 'storm',
  unit: 'ms',
  async run({ quick }) {
    const models = await scriptedModels()
    const [calling, storming] = [await callers(), await callers()]
    const route = (name: string): string[] => ['--route', `${name}=${models.url}/${name}/v1/${name}`]
    const gateway = await gatewayUnderTest([...route('well'), ...route('ill'), '--budget', 'all=100000'])
    try {
      const at = {
        url: `${gateway.url}/v1/chat/completions`,
        headers: { authorization: `Bearer ${gateway.key}` },
        bytes: 1024,
        isStream: false,
        calls: 1_000_000,
      }
      const seconds = quick ? 2 : 6
      const rounds = quick ? 5 : 10
      const measure = (): Promise<Loaded> =>
        calling.load({ ...at, model: 'well', atOnce: calm, within: seconds * 1000, every: 20 })
      await measure() // warms it up
      const before: number[] = []
      for (let round = 0; round < rounds; round++) before.push(p95(await measure()))
      await models.ask({ ask: 'slow', model: 'ill', ms: slow })
      const within = (rounds * seconds + 1) * 1000
      const ill = storming.load({ ...at, model: 'ill', atOnce: stubborn, within, every: 200 })
      const during: number[] = []
      for (let round = 0; round < rounds; round++) during.push(p95(await measure()))
      const { calls: asked, wrong } = await ill
      return {
        ours: median(during),
        reference: median(before),
        rows: [
          { 'the other model': 'well', 'p95 ms': Number(median(before).toFixed(2)), rounds },
          { 'the other model': `${slow / 1000} s slow`, 'p95 ms': Number(median(during).toFixed(2)), rounds },
          { 'the other model': `its own calls: ${asked}, of which not answered: ${wrong}` },
        ],
      }
    } finally {
      await gateway.stop()
      models.stop()
      calling.stop()
      storming.stop()
    }
  },
}

function p95({ failed, took }: Loaded): number {
  if (failed !== null) throw new Error(`a call of the route that does well went wrong: ${failed}`)
  return percentile(took, 0.95)
}
