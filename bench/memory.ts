import type { Bench } from './bench.ts'
import { Mailboxes } from './mailbox-copies.ts'
import { sendMailbox } from './send-mailbox.ts'
import { serverUnderTest } from './server-under-test.ts'

const megabyte = 1024 * 1024
/** Looks at the memory on the way: what grows with the runs grows in all of them. */
const looks = 5

/**
 * The server's resident megabytes after forced collection, once so many messages have been triaged, against the same server's when a tenth of
 * them had been. One server, not two: what its first work leaves for ever (compiled code, models, pools) is in both figures.
 */
export const memory: Bench = {
  name: 'memory',
  unit: 'MB',
  async run({ quick }) {
    const runs = quick ? 2000 : 10_000
    const tenth = runs / 10
    using mailboxes = new Mailboxes()
    const server = await serverUnderTest()
    const rows: { runs: number; 'resident MB': number }[] = []
    const look = async (done: number): Promise<number> => {
      const resident = (await server.ask('memory')) / megabyte
      rows.push({ runs: done, 'resident MB': Number(resident.toFixed(1)) })
      return resident
    }
    try {
      await sendMailbox(server.client, mailboxes.make(tenth))
      const reference = await look(tenth)
      let ours = reference
      for (let n = 1; n <= looks; n++) {
        await sendMailbox(server.client, mailboxes.make((runs - tenth) / looks))
        ours = await look(tenth + (n * (runs - tenth)) / looks)
      }
      return { ours, reference, rows }
    } finally {
      await server.stop()
    }
  },
}
