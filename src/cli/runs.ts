import { type Command, Option } from 'commander'
import { z } from 'zod'
import { systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { listedRun, releasedRun, runStatus, runView } from '../server/api/run-schemas.ts'
import { performOnServer, type DataOptions, wholeNumber, withData } from './command.ts'
import { duration, moment, relative } from './moments.ts'
import { queryOf } from './query.ts'
import { oneLine, type Terminal, visible } from './terminal.ts'

type RunView = z.infer<typeof runView>
type ReleasedRun = z.infer<typeof releasedRun>

interface ListOptions extends DataOptions {
  readonly pipeline?: string
  readonly status?: string
  readonly held?: boolean
  readonly limit?: number
  readonly after?: string
}

interface ReleaseOptions extends DataOptions {
  readonly all?: boolean
}

const page = z.object({ runs: z.array(listedRun), next: z.string().optional() })
const cancelled = z.object({ run: z.string(), wasOpen: z.boolean() })
const resumed = z.object({ run: z.string(), wasPaused: z.boolean() })

const releasedRuns = z.object({ released: z.array(releasedRun), isMore: z.boolean() })

/** `millrace runs`: list, show, release, resume, cancel. */
export function runsCommand(program: Command): void {
  const runs = program.command('runs').description('what ran, what runs, and why')
  withData(runs.command('list'))
    .description('the runs, the newest first')
    .option('--pipeline <name>', 'of this pipeline only')
    .addOption(new Option('--status <status>', 'in this state only').choices(runStatus.options))
    .option('--held', 'only those that wait for their release, or will')
    .option('--limit <number>', 'at most so many (default 50)', wholeNumber(1, 200))
    .option('--after <run>', 'the page that follows the one that ended with this run')
    .action((options: ListOptions) => list(options))
  withData(runs.command('show'))
    .description('one run: why it is as it is, its steps, what went in and came out')
    .argument('<run>')
    .action((run: string, options: DataOptions) => show(run, options))
  withData(runs.command('release'))
    .description(
      'let runs that were accepted with --hold do what they have decided; a restored server is `effects release`',
    )
    .argument('[run...]')
    .option('--all', 'all that are held')
    .action((given: string[], options: ReleaseOptions) => release(given, options))
  withData(runs.command('resume'))
    .description('let a run that was paused go on, once what paused it is mended; `runs show` says what that was')
    .argument('<run>')
    .action((run: string, options: DataOptions) => resume(run, options))
  withData(runs.command('cancel'))
    .description('cancel a run; what it did is undone')
    .argument('<run>')
    .action((run: string, options: DataOptions) => cancel(run, options))
}

const list = ({ pipeline, status, held, limit, after, ...options }: ListOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const query = queryOf({ pipeline, status, held, limit, after })
    const found = await client.get(`/runs${query}`, page)
    terminal.json(found)
    const now = systemClock.today()
    terminal.table(
      ['run', 'pipeline', 'status', 'started', 'took', 'code'],
      found.runs.map((run) => [
        run.run,
        run.pipeline,
        run.isHeld ? `${run.status} (held)` : run.status,
        relative(run.started, now),
        run.ended === undefined ? '' : duration(run.ended - run.started),
        run.code ?? '',
      ]),
    )
    if (found.runs.length === 0) terminal.say('No runs here.')
    if (found.next && !terminal.isJson) terminal.say(`There are more: --after ${found.next}`)
  })

const show = (run: string, options: DataOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const found = await client.get(`/runs/${encodeURIComponent(run)}`, runView)
    terminal.json(found)
    if (!terminal.isJson) print(terminal, found)
  })

const cancel = (run: string, options: DataOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const done = await client.post(`/runs/${encodeURIComponent(run)}/cancel`, {}, cancelled)
    terminal.json(done)
    terminal.print(done.wasOpen ? `${done.run} is being cancelled.` : `${done.run} had ended already.`)
  })

const resume = (run: string, options: DataOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const done = await client.post(`/runs/${encodeURIComponent(run)}/resume`, {}, resumed)
    terminal.json(done)
    terminal.print(done.wasPaused ? `${done.run} goes on.` : `${done.run} was not paused.`)
  })

const release = (given: readonly string[], { all = false, ...options }: ReleaseOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    if (all === given.length > 0)
      throw new MillraceError('cli/bad-option', { option: '--all', why: 'name the runs or give --all, one of the two' })
    const released: ReleasedRun[] = []
    for (const run of given)
      released.push(await client.post(`/runs/${encodeURIComponent(run)}/release`, {}, releasedRun))
    for (let isMore = all; isMore;) {
      const page = await client.post('/runs/release', { all: true }, releasedRuns)
      released.push(...page.released)
      isMore = page.isMore
    }
    terminal.json({ released })
    for (const one of released) terminal.print(releaseText(one))
    if (released.length === 0) terminal.say('Nothing is held.')
  })

function releaseText({ run, wasHeld, hasEnded }: ReleasedRun): string {
  if (!wasHeld) return `${run} was released before.`
  return hasEnded ? `${run} had ended already: nothing of it was held back.` : `${run} is released.`
}

function print(terminal: Terminal, run: RunView): void {
  terminal.print(terminal.style('bold', oneLine(run.because)))
  terminal.print()
  const took = run.ended === undefined ? '' : `, took ${duration(run.ended - run.started)}`
  terminal.print(`${run.run} of ${oneLine(run.pipeline)} is ${run.status}; it began ${moment(run.started)}${took}.`)
  if (run.entity) terminal.print(`It is about ${oneLine(run.entity.type)} ${oneLine(run.entity.id)}.`)
  if (run.waitsFor) terminal.print(waitText(run.waitsFor))
  if (run.error) terminal.print(visible(`${run.error.code}: ${run.error.message}`))
  if (run.steps.length > 0) {
    terminal.print()
    terminal.table(['step', 'kind', 'state', 'retries', 'ms', 'confidence'], run.steps.map(rowOf))
  }
  for (const [name, value] of [
    ['input', run.input],
    ['result', run.result],
  ] as const) {
    if (value === undefined) continue
    terminal.print()
    terminal.print(terminal.style('bold', name))
    terminal.print(visible(JSON.stringify(value, null, 2)))
  }
}

const rowOf = (step: RunView['steps'][number]): (string | number)[] => [
  step.resource,
  step.kind,
  step.error ? `${step.state} (${step.error.code})` : step.state,
  step.retries,
  step.ms ?? '',
  step.confidence === undefined ? '' : Math.round(step.confidence * 1000) / 1000,
]

function waitText(waits: NonNullable<RunView['waitsFor']>): string {
  if (waits.kind === 'time') return `It waits for a time, at ${oneLine(waits.step)}.`
  if (waits.kind === 'release')
    return `It waits for its release before ${oneLine(waits.action)}: \`millrace runs release ${waits.run}\`.`
  if (waits.kind === 'other') return `It waits at ${oneLine(waits.step)}.`
  const why = waits.why.map(oneLine).join(', ')
  return `It waits for a person: ${waits.item} in the queue ${oneLine(waits.queue)} (${why}). Look at it with \`millrace reviews show ${waits.item}\`.`
}
