import type { Bench } from './bench.ts'
import { messageOf } from './engine-pipeline.ts'
import { Mailboxes } from './mailbox-copies.ts'
import { batchBody, sendBatch } from './send-events.ts'
import { sendMailbox } from './send-mailbox.ts'
import { type ServerUnderTest, serverUnderTest } from './server-under-test.ts'
import { until } from './until.ts'

const megabyte = 1024 * 1024
/** Looks at the memory on the way: what grows with the runs grows in all of them. */
const looks = 5
/** Of how many runs one is a mail; the others are five decisions each, which cost a tenth and go through the same engine. */
const mailEvery = 4
const batchSize = 100

/**
 * The server's resident megabytes after forced collection, once so many runs have finished, against the same server's when a tenth of them had.
 * One server, not two: what its first work leaves for ever (compiled code, models, pools) is in both figures.
 */
export const memory: Bench = {
  name: 'memory',
  unit: 'MB',
  async run({ quick }) {
    const runs = quick ? 2000 : 10_000
    const tenth = runs / 10
    using mailboxes = new Mailboxes()
    const server = await serverUnderTest()
    const rows: Record<string, number>[] = []
    let done = 0
    const finish = async (more: number): Promise<number> => {
      const mails = Math.round(more / mailEvery)
      await Promise.all([sendMailbox(server.client, mailboxes.make(mails)), decide(server, more - mails)])
      done += more
      const { external, heap, resident } = await server.ask('memory')
      const inMegabytes = (bytes: number): number => Number((bytes / megabyte).toFixed(1))
      rows.push({
        runs: done,
        MB: inMegabytes(resident),
        'heap MB': inMegabytes(heap),
        'beside MB': inMegabytes(external),
      })
      return resident / megabyte
    }
    try {
      const reference = await finish(tenth)
      let ours = reference
      for (let look = 0; look < looks; look++) ours = await finish((runs - tenth) / looks)
      return { ours, reference, rows }
    } finally {
      await server.stop()
    }
  },
}

let next = 0

async function decide(server: ServerUnderTest, count: number): Promise<void> {
  const runs: string[] = []
  while (runs.length < count) {
    const events = Array.from({ length: Math.min(batchSize, count - runs.length) }, () => {
      const n = next++
      return { id: `${n}`, type: 'bench.message', data: messageOf(n) }
    })
    runs.push(...(await sendBatch(server, batchBody(events))))
  }
  await until(server, {
    n: count,
    of: `select count(*)::int as n from run where id = any($1) and state = 'succeeded'`,
    runs,
  })
}
