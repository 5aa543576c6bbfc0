import { resolve } from 'node:path'
import { intents } from '../pipelines/support-triage/intents.ts'
import { systemClock } from '../src/core/clock.ts'
import { systemRandom } from '../src/core/random.ts'
import { parseMail } from '../src/intake/parse-mail.ts'
import { ModelPlane } from '../src/models/model-plane.ts'
import { type Bench, median } from './bench.ts'
import { askAll } from './classify.ts'
import { roundsWithin } from './deadline.ts'
import { Mailboxes, sampleMails } from './mailbox-copies.ts'
import { sendMailbox } from './send-mailbox.ts'
import type { PartFigures } from './server-messages.ts'
import { serverUnderTest } from './server-under-test.ts'
import { type Spent, usageOf, usageRows } from './usage.ts'

/** What the pipeline reads of a message, at most. */
const mostRead = 8000

/**
 * Messages a second from file to decision, through a whole server as `millrace run` uses it: read, posted, parsed, accepted, dispatched,
 * classified, decided, answered or put before a person, all recorded. Beside it what the model alone makes of the same texts, in rounds that
 * alternate. The table shows, over all rounds, how long each part was at work, and who used the processors: where none is full and no part is
 * always at work, something waits that need not.
 */
export const triage: Bench = {
  name: 'triage',
  unit: 'messages/s',
  async run({ quick }) {
    const [most, count] = quick ? [9, 150] : [9, 2000]
    using mailboxes = new Mailboxes()
    const texts = await textsOf(count)
    const server = await serverUnderTest()
    const models = await openModels()
    try {
      const figures = { ours: [] as number[], classify: [] as number[] }
      const spent: Spent[] = []
      const more = roundsWithin({ least: 3, most, quick })
      for (let round = -1; more(); round++) {
        const directory = mailboxes.make(count)
        if (round === 0) await server.ask('watch') // the round before warmed it up
        const before = await usageOf(server)
        const { lines, seconds } = await sendMailbox(server.client, directory)
        const after = await usageOf(server)
        const failed = lines.filter((line) => line.outcome === 'failed')
        if (lines.length !== count || failed.length > 0)
          throw new Error(`${lines.length} of ${count} messages had an outcome, and ${failed.length} failed`)
        const bare = await askAll(models, intents.labels, texts)
        if (round < 0) continue
        figures.ours.push(count / seconds)
        figures.classify.push(bare)
        spent.push({ before, after, seconds, messages: count })
      }
      const parts = await server.ask('parts')
      const busy = figures.ours.reduce((sum, perSecond) => sum + count / perSecond, 0) * 1000
      return {
        ours: median(figures.ours),
        reference: median(figures.classify),
        rows: [...parts.map((part) => rowOf(part, busy)), ...usageRows(spent)],
      }
    } finally {
      await models.close()
      await server.stop()
    }
  },
}

/** As the pipeline would give them to the model; what cannot be read is left out. */
async function textsOf(count: number): Promise<readonly string[]> {
  const mails = await Promise.all(sampleMails().map((mail) => parseMail(mail)))
  const texts = mails.flatMap((mail) =>
    'unreadable' in mail ? [] : [`${mail.subject}\n\n${mail.text}`.slice(0, mostRead)],
  )
  return Array.from({ length: count }, (_, n) => texts[n % texts.length] ?? '')
}

function openModels(): Promise<ModelPlane> {
  const root = resolve(import.meta.dirname, '..')
  return ModelPlane.open({
    routes: { intent: { classifier: './models/support-intent' } },
    root,
    encoders: { 'mini-en': './models/mini-en' },
    clock: systemClock,
    random: systemRandom,
  })
}

/** `busy`: milliseconds that messages were on their way, the rounds of the model alone not counted. */
const rowOf = ({ atWork, calls, p50, p95, part }: PartFigures, busy: number): Record<string, string | number> => ({
  part,
  calls,
  'p50 ms': Number(p50.toFixed(1)),
  'p95 ms': Number(p95.toFixed(1)),
  'at work': `${((atWork / busy) * 100).toFixed(0)}%`,
})
