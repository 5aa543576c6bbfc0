import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { decided, itemClaim, itemDetail } from '../server/api/review-schemas.ts'
import type { Client } from './client.ts'
import { type DataOptions, performOnServer, withData, wholeNumber } from './command.ts'
import { moment } from './moments.ts'
import { oneLine, type Terminal, visible } from './terminal.ts'

interface DecideOptions extends DataOptions {
  readonly approve?: boolean
  readonly reject?: boolean
  readonly answer?: string
  readonly edit?: string
  readonly reason?: string
  readonly note?: string
  readonly claim?: number
  readonly digest?: string
}
type Decided = z.infer<typeof decided>

const mostClaims = 2 ** 31 - 1

/** `millrace reviews decide`: one verdict, on exactly what the item shows. */
export function decideCommand(reviews: Command): void {
  withData(reviews.command('decide'))
    .description('decide an item: --approve, --reject or --answer')
    .argument('<item>')
    .option('--approve', 'run exactly what is proposed')
    .option('--reject', 'do not run it')
    .option('--answer <file>', 'answer a question with the JSON of a file')
    .option('--edit <file>', 'with --approve: run these arguments instead (JSON)')
    .option('--reason <code>', "one of the form's reasons; a rejection needs one where the form has any")
    .option('--note <text>', 'what else there is to say')
    .option(
      '--claim <number>',
      'the claim that you hold; without it the item is claimed first',
      wholeNumber(0, mostClaims),
    )
    .option('--digest <digest>', 'of what you were shown; without it, of the item as it is now')
    .action((item: string, options: DecideOptions, command: Command) => decide(item, options, command))
}

function decide(item: string, options: DecideOptions, command: Command): Promise<void> {
  const verdict = verdictOf(options, command)
  const path = encodeURIComponent(item)
  return performOnServer(options, async (terminal, client) => {
    const file = options.answer ?? options.edit
    const value = file === undefined ? undefined : readJson(file) // before anything is claimed
    const claim = options.claim ?? (await claimFirst(terminal, client, path))
    const shownDigest = options.digest ?? (await client.get(`/reviews/${path}`, itemDetail)).shownDigest
    const { reason, note } = options
    const taken = await client.post(
      `/reviews/${path}/decide`,
      { claim, verdict, shownDigest, reason, note, ...(value !== undefined && { value }) },
      decided,
    )
    terminal.json(taken)
    if (!terminal.isJson) print(terminal, taken)
  })
}

function verdictOf(
  { approve, reject, answer, edit }: DecideOptions,
  command: Command,
): 'approve' | 'reject' | 'answer' {
  const given = [approve && 'approve', reject && 'reject', answer !== undefined && 'answer'] as const
  const [verdict, ...others] = given.filter((one) => typeof one === 'string')
  if (verdict === undefined || others.length > 0)
    return command.error('error: give exactly one of --approve, --reject and --answer', { exitCode: 2 })
  if (edit !== undefined && verdict !== 'approve')
    return command.error('error: --edit goes with --approve', { exitCode: 2 })
  return verdict
}

async function claimFirst(terminal: Terminal, client: Client, path: string): Promise<number> {
  const { claim, leaseUntil, item } = await client.post(`/reviews/${path}/claim`, {}, itemClaim)
  terminal.say(`Claimed ${item} as claim ${claim} until ${moment(leaseUntil)}.`)
  return claim
}

/** Errors: `cli/file`. */
function readJson(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it cannot be read'
    throw new MillraceError('cli/file', { path, why }, { cause })
  }
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new MillraceError('cli/file', { path, why: 'it is not JSON' }, { cause })
  }
}

const words = { approve: 'Approved', reject: 'Rejected', answer: 'Answered' } as const

function print(terminal: Terminal, { decision, state, isRepeat }: Decided): void {
  const { verdict, edited, reason, item, value, actionDigest } = decision
  const because = reason === undefined ? '' : ` (${oneLine(reason)})`
  terminal.print(
    `${words[verdict]} ${item}${because}${edited ? ', with your edit' : ''}${isRepeat ? '; it was taken before' : ''}.`,
  )
  if (state === 'open') terminal.print('Other persons must decide too.')
  if (verdict === 'reject') return
  terminal.print()
  terminal.print(terminal.style('bold', verdict === 'approve' ? 'approved' : 'answer'))
  terminal.print(visible(JSON.stringify(value ?? null, null, 2)))
  if (actionDigest !== undefined) terminal.print(`Digest of what is allowed: ${actionDigest}`)
}
