import type { MailLine } from '../src/cli/mailbox-run.ts'
import { type Bench, median } from './bench.ts'
import { roundsWithin } from './deadline.ts'
import { hostileMails } from './hostile-mails.ts'
import { Mailboxes } from './mailbox-copies.ts'
import { percentile } from './percentile.ts'
import { sendMailbox } from './send-mailbox.ts'
import { serverUnderTest } from './server-under-test.ts'

/**
 * Milliseconds from a file's reading to its outcome, at P95 of the ordinary mail, of mailboxes with one hostile mail of each kind among it,
 * against the same of mailboxes without. One server; rounds alternate, and medians count.
 */
export const hostile: Bench = {
  name: 'hostile',
  unit: 'ms',
  async run({ quick }) {
    const [most, count] = quick ? [9, 150] : [15, 500]
    const others = hostileMails()
    using mailboxes = new Mailboxes()
    const server = await serverUnderTest()
    const figures = { ours: [] as number[][], reference: [] as number[][] }
    const became = new Map<string, string>()
    const round = async (side: keyof typeof figures): Promise<number[]> => {
      const { lines } = await sendMailbox(server.client, mailboxes.make(count, side === 'ours' ? others : {}))
      for (const line of lines.filter(isHostile)) became.set(line.file.replace(/^\d+-|\.eml$/g, ''), wordsOf(line))
      return lines.filter((line) => !isHostile(line)).map(({ milliseconds }) => milliseconds ?? Number.NaN)
    }
    try {
      await round('reference') // warms it up
      const more = roundsWithin({ least: 2, most, quick })
      for (let n = 0; more(); n++) {
        const pair = ['ours', 'reference'] as const
        for (const side of n % 2 === 0 ? pair : pair.toReversed()) figures[side].push(await round(side))
      }
    } finally {
      await server.stop()
    }
    const at = (side: readonly number[][], share: number): number => median(side.map((took) => percentile(took, share)))
    const row = (mailbox: string, side: readonly number[][]): Record<string, string | number> => ({
      mailbox,
      'p50 ms': Math.round(at(side, 0.5)),
      'p95 ms': Math.round(at(side, 0.95)),
      rounds: side.length,
    })
    return {
      ours: at(figures.ours, 0.95),
      reference: at(figures.reference, 0.95),
      rows: [
        row('with hostile mail', figures.ours),
        row('without', figures.reference),
        ...[...became].map(([name, outcome]) => ({ mailbox: `  ${name}: ${outcome}` })),
      ],
    }
  },
}

const isHostile = ({ file }: MailLine): boolean => /^\d+-/.test(file)
const wordsOf = ({ milliseconds, outcome, why }: MailLine): string =>
  `${outcome} (${why.join(', ')}) after ${milliseconds ?? '?'} ms`
