import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { replaceFile } from '../server/embedded/replace-file.ts'
import { runView } from '../server/api/run-schemas.ts'
import type { Millrace } from '../server/millrace.ts'
import { ownClient } from './lifecycle.ts'
import { type MailLine, MailboxRun } from './mailbox-run.ts'
import type { Terminal } from './terminal.ts'

/** What a label of the sample mailbox expects, and the outcome that fits it. */
const fitting = { answered: 'sent', person: 'waiting', ignored: 'ignored', unreadable: 'dead-letter' } as const

const label = z.object({
  file: z.string(),
  intent: z.string(),
  expect: z.enum(['answered', 'person', 'ignored', 'unreadable']),
})
const example = z.object({ file: z.string(), run: z.string(), outcome: z.string(), because: z.string() })
const summaryForm = z.object({
  round: z.number(),
  mailbox: z.string(),
  seconds: z.number(),
  messages: z.number(),
  /** Of each outcome: how many, and how many of them are labelled so. */
  outcomes: z.array(z.object({ outcome: z.string(), messages: z.number(), asLabelled: z.number() })),
  asLabelled: z.number(),
  examples: z.array(example),
})
export type DemoSummary = z.infer<typeof summaryForm>

const steps = z.object({
  steps: z.array(
    z.object({
      kind: z.string(),
      resource: z.string(),
      outcome: z.string(),
      count: z.number(),
      p50: z.number(),
      p99: z.number(),
    }),
  ),
})

/**
 * Owns: the demonstration over the project's sample mailbox, and its stored summary. It goes the way of any mailbox: over the API.
 * Run again, it is another source, so that the same messages are new events.
 */
export class Demo {
  readonly #millrace: Millrace
  readonly #terminal: Terminal
  readonly #file: string

  constructor(millrace: Millrace, terminal: Terminal) {
    this.#millrace = millrace
    this.#terminal = terminal
    this.#file = join(millrace.home, 'demo.json')
  }

  /** The summary of the last demonstration, unless `again`. */
  async show({ again, over }: { again: boolean; over: AbortSignal }): Promise<void> {
    const stored = this.#read()
    const summary = stored && !again ? stored : await this.#perform((stored?.round ?? 0) + 1, over)
    print(this.#terminal, summary, { isStored: summary === stored })
    this.#terminal.json({ event: 'demo', ...summary })
  }

  async #perform(round: number, over: AbortSignal): Promise<DemoSummary> {
    const { home, project } = this.#millrace
    const { mailbox } = project.settings
    if (!mailbox?.demo) {
      const why = 'it names no mailbox.demo, which --demo shows'
      throw new MillraceError('server/bad-project', { path: project.file, why })
    }
    const directory = resolve(project.root, mailbox.demo)
    const labels = readLabels(join(directory, 'labels.csv'))
    const lines: MailLine[] = []
    const since = performance.now()
    this.#terminal.say(`triaging the sample mailbox ${mailbox.demo}`)
    await new MailboxRun({
      client: () => ownClient(home),
      pipeline: mailbox.pipeline,
      directory,
      source: `urn:millrace:demo:${round}`,
      over,
      line: (line) => void lines.push(line),
      progress: (done, all) => this.#terminal.move(`${done} of ${all} messages`),
    }).perform()
    const summary = summarise({
      round,
      mailbox: mailbox.demo,
      seconds: (performance.now() - since) / 1000,
      lines,
      labels,
    })
    const complete = { ...summary, examples: await this.#examples(lines) }
    replaceFile(this.#file, JSON.stringify(complete))
    await this.#timings()
    return complete
  }

  /** One message of each outcome, with the sentence of why. */
  async #examples(lines: readonly MailLine[]): Promise<DemoSummary['examples']> {
    const client = ownClient(this.#millrace.home)
    const chosen = ['sent', 'waiting', 'ignored'].flatMap(
      (outcome) => lines.find((line) => line.outcome === outcome) ?? [],
    )
    return Promise.all(
      chosen.map(async ({ file, outcome, run }) => {
        const { because } = await client.get(`/runs/${run}`, runView)
        return { file, outcome, run: run ?? '', because }
      }),
    )
  }

  async #timings(): Promise<void> {
    const { steps: all } = await ownClient(this.#millrace.home).get('/steps', steps)
    const figures = all.filter((step) => step.outcome === 'done').map((step) => `${step.kind} ${step.p50.toFixed(1)}`)
    this.#terminal.say(`median milliseconds of a step: ${[...new Set(figures)].join(', ')}`)
  }

  #read(): DemoSummary | undefined {
    if (!existsSync(this.#file)) return undefined
    try {
      return summaryForm.parse(JSON.parse(readFileSync(this.#file, 'utf8')))
    } catch {
      return undefined // of another version: it is made anew
    }
  }
}

type Labels = ReadonlyMap<string, z.infer<typeof label>>

function readLabels(path: string): Labels {
  try {
    const rows = z.array(label).parse(parse(readFileSync(path), { columns: true, bom: true }))
    return new Map(rows.map((row) => [row.file, row]))
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new MillraceError('cli/file', { path, why }, { cause })
  }
}

function summarise({
  lines,
  labels,
  ...rest
}: {
  round: number
  mailbox: string
  seconds: number
  lines: readonly MailLine[]
  labels: Labels
}) {
  const isAsLabelled = ({ file, outcome }: MailLine): boolean => {
    const expected = labels.get(file)
    return expected !== undefined && fitting[expected.expect] === outcome
  }
  const outcomes = [...Map.groupBy(lines, (line) => line.outcome).entries()].map(([outcome, mine]) => ({
    outcome,
    messages: mine.length,
    asLabelled: mine.filter(isAsLabelled).length,
  }))
  return { ...rest, messages: lines.length, outcomes, asLabelled: lines.filter(isAsLabelled).length }
}

const meaning: Readonly<Record<string, string>> = {
  sent: 'answered without a person',
  waiting: 'wait for a person',
  ignored: 'never answered: a machine wrote them',
  'dead-letter': 'cannot be read',
}

function print(terminal: Terminal, summary: DemoSummary, { isStored }: { isStored: boolean }): void {
  const { asLabelled, examples, mailbox, messages, outcomes, seconds } = summary
  terminal.print()
  terminal.print(
    terminal.style('bold', `Support triage of ${mailbox}: ${messages} messages in ${seconds.toFixed(1)} s`) +
      (isStored ? ' (shown from the last time; --again runs it anew)' : ''),
  )
  terminal.print()
  terminal.table(
    ['outcome', 'messages', 'as labelled', ''],
    outcomes
      .toSorted((a, b) => b.messages - a.messages)
      .map((row) => [row.outcome, row.messages, row.asLabelled, meaning[row.outcome] ?? '']),
  )
  terminal.print()
  terminal.print(`${asLabelled} of ${messages} ended as their label says. One of each, and why:`)
  for (const { because, file, outcome } of examples)
    terminal.print(`  ${file}  ${terminal.style('bold', outcome)}  ${because}`)
  terminal.print()
  terminal.print('Look closer:')
  terminal.print('  npm run -s millrace -- reviews list')
  const [first] = examples
  if (first)
    for (const command of ['runs', 'lineage']) terminal.print(`  npm run -s millrace -- ${command} show ${first.run}`)
  terminal.print()
}
