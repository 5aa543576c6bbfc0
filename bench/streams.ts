import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, median } from './bench.ts'
import { refuseUnequal } from './gateway-counts.ts'
import { callers, gatewayUnderTest, scriptedModels } from './gateway-processes.ts'
import { percentile } from './percentile.ts'

const streams = 1000
const every = 50
const megabyte = 1024 * 1024
/** What the gateway may hold while they run. */
const wanted = 400

/**
 * The gateway's resident megabytes at their highest while 1,000 streams of 20 events a second go through it, against the 400 that it may hold.
 * The table says how much later than without it the first event of a stream came: both ends are processes of one machine and read one clock.
 */
export const streamsBench: Bench = {
  name: 'streams',
  unit: 'MB',
  async run({ quick }) {
    const models = await scriptedModels()
    const calling = await callers()
    const gateway = await gatewayUnderTest(['--route', `small=${models.url}/ours/v1/small`, '--budget', 'all=100000'])
    try {
      const seconds = quick ? 10 : 30
      await models.ask({ ask: 'pace', ms: every, events: (seconds * 1000) / every })
      const stream = { model: 'small', bytes: 1024, isStream: true, isPaced: true, atOnce: streams, calls: streams }
      const path = '/v1/chat/completions'
      const key = { authorization: `Bearer ${gateway.key}` }
      const direct = await calling.load({ ...stream, url: models.url + path, headers: {} })
      let isOver = false
      const running = calling.load({ ...stream, url: gateway.url + path, headers: key }).finally(() => (isOver = true))
      const [sizes, through] = await Promise.all([watch(gateway.pid, () => isOver), running])
      if (through.failed !== null) throw new Error(`a stream went wrong: ${through.failed}`)
      await refuseUnequal(gateway.pool, { requests: streams, upstream: await models.ask({ ask: 'calls', of: 'ours' }) })
      const added = (share: number): number =>
        Number((percentile(through.first, share) - percentile(direct.first, share)).toFixed(2))
      return {
        ours: Math.max(...sizes),
        reference: wanted,
        rows: [
          {
            streams,
            seconds,
            'most MB': Math.round(Math.max(...sizes)),
            'MB, median': Math.round(median(sizes)),
            'first event later ms, p50': added(0.5),
            p95: added(0.95),
          },
        ],
      }
    } finally {
      await gateway.stop()
      models.stop()
      calling.stop()
    }
  },
}

/** The resident size, ten times a second. Errors: where there is no `/proc`. */
async function watch(pid: number, isOver: () => boolean): Promise<number[]> {
  const sizes: number[] = []
  while (!isOver()) {
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    sizes.push((kilobytes * 1024) / megabyte)
    await sleep(100)
  }
  return sizes
}
