import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { systemClock } from '../core/clock.ts'
import { parseDuration } from '../core/duration.ts'
import { itemClaim, itemDetail, itemSummary } from '../server/api/review-schemas.ts'
import { type DataOptions, performOnServer, withData, wholeNumber } from './command.ts'
import { decideCommand } from './decide.ts'
import { moment, relative } from './moments.ts'
import { queryOf } from './query.ts'
import { oneLine, type Terminal, visible } from './terminal.ts'

type Item = z.infer<typeof itemDetail>

interface ListOptions extends DataOptions {
  readonly queue?: string
  readonly state?: string
  readonly mine?: boolean
  readonly limit?: number
  readonly cursor?: string
}
interface ClaimOptions extends DataOptions {
  readonly next?: boolean
  readonly queue?: string
  readonly lease?: number
}

const page = z.object({ items: z.array(itemSummary), next: z.string().optional() })
const nextClaim = z.object({ claim: itemClaim.optional() })
const nothing = z.null()
const mostClaims = 2 ** 31 - 1

/** `millrace reviews`: what waits for people, and their decisions. */
export function reviewsCommand(program: Command): void {
  const reviews = program.command('reviews').description('what waits for a person, and decisions on it')
  withData(reviews.command('list'))
    .description('the items, open ones in the order in which they are due')
    .option('--queue <name>', 'of this queue only')
    .addOption(new Option('--state <state>', 'open unless said').choices(['open', 'decided', 'closed']))
    .option('--mine', 'that you have claimed, or decided')
    .option('--limit <number>', 'at most so many (default 50)', wholeNumber(1, 200))
    .option('--cursor <cursor>', 'the next page, as the page before named it')
    .action((options: ListOptions) => list(options))
  withData(reviews.command('show'))
    .description('one item: what is shown and proposed, and how it may be decided')
    .argument('<item>')
    .action((item: string, options: DataOptions) => show(item, options))
  withData(reviews.command('claim'))
    .description('claim an item, or the next free one: nobody else decides it meanwhile')
    .argument('[item]')
    .option('--next', 'the first free item')
    .option('--queue <name>', 'with --next: of this queue')
    .option('--lease <duration>', 'for how long, from 1s to 1d (default 10m)', lease)
    .action((item: string | undefined, options: ClaimOptions, command: Command) => claim(item, options, command))
  withData(reviews.command('release'))
    .description('give a claimed item back')
    .argument('<item>')
    .requiredOption('--claim <number>', 'the claim that you hold', wholeNumber(0, mostClaims))
    .action((item: string, options: DataOptions & { claim: number }) => release(item, options))
  decideCommand(reviews)
}

const list = ({ queue, state, mine, limit, cursor, ...options }: ListOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const found = await client.get(`/reviews${queryOf({ queue, state, mine, limit, cursor })}`, page)
    terminal.json(found)
    const now = systemClock.today()
    terminal.table(
      ['item', 'queue', 'state', 'due', 'claimed by', 'why', 'about'],
      found.items.map((item) => [
        item.id,
        item.queue,
        item.closedWhy ? `${item.state} (${item.closedWhy})` : item.state,
        item.due === undefined ? '' : relative(item.due, now) + (item.isOverdue ? ' (late)' : ''),
        item.claim.isLive ? (item.claim.holder ?? '') : '',
        item.why.join(', '),
        item.firstLine === undefined ? `(${item.unreadable ?? 'damaged'})` : shortened(item.firstLine),
      ]),
    )
    if (found.items.length === 0) terminal.say('Nothing waits here.')
    if (found.next && !terminal.isJson) terminal.say(`There are more: --cursor ${found.next}`)
  })

const show = (item: string, options: DataOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const found = await client.get(`/reviews/${encodeURIComponent(item)}`, itemDetail)
    terminal.json(found)
    if (!terminal.isJson) print(terminal, found)
  })

function claim(item: string | undefined, options: ClaimOptions, command: Command): Promise<void> {
  if ((item === undefined) !== (options.next ?? false)) command.error('error: give an item, or --next', { exitCode: 2 })
  if (options.queue !== undefined && !options.next) command.error('error: --queue goes with --next', { exitCode: 2 })
  const { queue, lease } = options
  return performOnServer(options, async (terminal, client) => {
    const taken =
      item === undefined
        ? (await client.post('/reviews/claim-next', { queue, lease }, nextClaim)).claim
        : await client.post(`/reviews/${encodeURIComponent(item)}/claim`, { lease }, itemClaim)
    terminal.json(taken ?? { claim: null })
    if (!taken) return terminal.say('Nothing is free to be claimed.')
    terminal.print(`Claimed ${taken.item} as claim ${taken.claim} until ${moment(taken.leaseUntil)}.`)
    if (!terminal.isJson) terminal.say(`Look at it with \`millrace reviews show ${taken.item}\`.`)
  })
}

const release = (item: string, { claim, ...options }: DataOptions & { claim: number }): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    await client.post(`/reviews/${encodeURIComponent(item)}/release`, { claim }, nothing)
    terminal.json({ item, released: claim })
    terminal.print(`${oneLine(item)} is free again.`)
  })

function print(terminal: Terminal, item: Item): void {
  const title = (text: string): void => {
    terminal.print()
    terminal.print(terminal.style('bold', text))
  }
  terminal.print(terminal.style('bold', oneLine(item.firstLine)))
  terminal.print(
    `${item.id} in the queue ${oneLine(item.queue)} is ${stateText(item)}; it was asked ${moment(item.created)}.`,
  )
  terminal.print(`Asked by ${item.run} at ${oneLine(item.stepKey)}, because: ${item.why.map(oneLine).join(', ')}.`)
  if (item.due !== undefined) terminal.print(`Due ${moment(item.due)}${item.isOverdue ? ', which has passed' : ''}.`)
  terminal.print(claimText(item))
  title('shown')
  terminal.print(visible(JSON.stringify(item.shows, null, 2)))
  if (item.action) {
    title(`proposed: ${oneLine(item.action.name)} (${item.action.digest.slice(0, 12)})`)
    terminal.print(visible(JSON.stringify(item.proposed ?? null, null, 2)))
  }
  title('decide')
  const reasons = item.form.reasons.map(oneLine).join(', ') || 'none'
  terminal.print(`Verdicts: ${item.verdicts.join(', ')}. Reasons of ${oneLine(item.form.name)}: ${reasons}.`)
  if (item.kind === 'approve')
    terminal.print(item.isEditable ? 'The arguments may be edited.' : 'The arguments may not be edited.')
  if (item.quorum > 1) terminal.print(`It needs ${item.quorum} persons, and ${item.decisions.length} have decided.`)
  if (!item.may.decide.allowed && !item.may.claim.allowed)
    terminal.print(`You may not decide it now: ${item.may.claim.why ?? ''}.`)
  terminal.print(`Digest of what is shown: ${item.shownDigest}`)
  if (item.actionDigest) terminal.print(`Digest of what an approval allows: ${item.actionDigest}`)
  if (item.decisions.length === 0) return
  title('decisions')
  terminal.table(
    ['person', 'verdict', 'reason', 'edited', 'at', 'note'],
    item.decisions.map((made) => [
      made.person,
      made.verdict,
      made.reason ?? '',
      made.edited ? 'yes' : '',
      moment(made.at),
      made.note ?? '',
    ]),
  )
}

const stateText = ({ state, closedWhy }: Item): string => (closedWhy ? `${state} (${closedWhy})` : state)

function claimText({ claim }: Item): string {
  if (claim.holder === undefined) return 'Nobody has claimed it.'
  const until = claim.leaseUntil === undefined ? '' : ` ${claim.isLive ? 'until' : 'ended'} ${moment(claim.leaseUntil)}`
  return `Claim ${claim.number} is held by ${claim.holder}${until}.`
}

const longestLine = 60
const shortened = (text: string): string => (text.length > longestLine ? `${text.slice(0, longestLine - 1)}…` : text)

/** Milliseconds of `10m`. */
function lease(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms < 1000 || ms > 86_400_000)
    throw new InvalidArgumentError('It must be a duration from 1s to 1d, such as 10m.')
  return ms
}
