import { relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { listMailbox, readMailFile } from '../intake/mailbox.ts'
import { runOutcome } from '../server/api/run-schemas.ts'
import { type Client, ServerProblem } from './client.ts'
import { queryOf } from './query.ts'

/** What became of a file: one line of `millrace run --json`. Unknown fields are null. */
export interface MailLine {
  /** Relative to the mailbox. */
  readonly file: string
  readonly run: string | null
  /** The most likely label, below the threshold too; null when the file is unreadable. */
  readonly intent: string | null
  readonly confidence: number | null
  readonly team: string | null
  readonly outcome: MailOutcome
  /** Reason codes. */
  readonly why: readonly string[]
  /** From the file's reading to its outcome. */
  readonly milliseconds: number | null
  /** Known from before: the result is the earlier one's. */
  readonly duplicate?: true
}

const outcomes = ['sent', 'waiting', 'held', 'ignored', 'rejected', 'expired', 'failed', 'dead-letter'] as const
export type MailOutcome = (typeof outcomes)[number]

/** Files in flight to the server at once: parsing and committing overlap, and memory stays small. */
const atOnce = 16
/** Runs asked for in one request; the API takes 500. */
const mostAsked = 500
const waitWithin = 10_000
/** Between two questions: each reads all runs asked for, and asking at once after each outcome kept a connection of Postgres busy throughout. */
const pauseOfAsking = 250
/** A server that is restarted comes back within seconds; after this it is gone. */
const patience = 120_000

const taken = z.object({ run: z.string(), event: z.string(), isDuplicate: z.boolean() })
const settled = z.object({ outcomes: z.array(runOutcome).readonly() })
/** What a triage returns; other pipelines may return some of it. */
const triaged = z.object({
  intent: z.string().nullish(),
  confidence: z.number().nullish(),
  team: z.string().nullish(),
  outcome: z.enum(outcomes).optional(),
  why: z.array(z.string()).default([]),
})

interface Pending {
  readonly file: string
  /** Wall clock and monotonic reading when the file was read. */
  readonly readAt: number
  readonly since: number
  readonly isDuplicate: boolean
}

export interface MailboxRunOptions {
  /** Found anew after a restart of the server, whose port may have changed. */
  readonly client: () => Client
  readonly pipeline: string
  readonly directory: string
  readonly source?: string
  /** What is sent decides everything, and changes nothing outside until it is released. */
  readonly hold?: boolean
  /** Nobody waits any more. */
  readonly over?: AbortSignal
  readonly line: (line: MailLine) => void
  readonly progress: (done: number, all: number) => void
}

/**
 * Owns: sending every mail of a directory, and waiting until nothing but people or a release is waited for. Does not own: what is done with them.
 *
 * 1. One line for every file, unreadable ones included.
 * 2. Sending is idempotent (the event's id is the SHA-256 of the bytes), so that a server which ended meanwhile is simply asked again.
 */
export class MailboxRun {
  readonly #o: MailboxRunOptions
  readonly #pending = new Map<string, Pending[]>()
  #isSending = true
  #done = 0
  #all = 0

  constructor(options: MailboxRunOptions) {
    this.#o = options
  }

  /** Errors: `intake/no-mailbox`, `intake/unknown-pipeline`, those of the client. */
  async perform(): Promise<void> {
    const files = await listMailbox(this.#o.directory)
    this.#all = files.length
    this.#o.progress(0, this.#all)
    await Promise.all([this.#send([...files]), this.#collect()])
  }

  async #send(files: string[]): Promise<void> {
    try {
      const worker = async (): Promise<void> => {
        for (let path = files.shift(); path !== undefined; path = files.shift()) await this.#sendOne(path)
      }
      await Promise.all(Array.from({ length: atOnce }, worker))
    } finally {
      this.#isSending = false
    }
  }

  async #sendOne(path: string): Promise<void> {
    const file = relative(this.#o.directory, path)
    const [readAt, since] = [Date.now(), performance.now()]
    try {
      const bytes = new Uint8Array(await readMailFile(path))
      const { hold, pipeline, source } = this.#o
      const query = queryOf({ pipeline, source, ...(hold === true && { hold }) })
      const got = await this.#patiently((client) =>
        client.postBytes(`/mail${query}`, { type: 'message/rfc822', bytes }, taken),
      )
      const pending = { file, readAt, since, isDuplicate: got.isDuplicate }
      this.#pending.set(got.run, [...(this.#pending.get(got.run) ?? []), pending]) // the same mail twice in one directory
    } catch (error) {
      const outcome = lostAs(error)
      if (!outcome) throw error
      const nothing = { run: null, intent: null, confidence: null, team: null }
      this.#finish({ file, ...nothing, ...outcome, milliseconds: Math.round(performance.now() - since) })
    }
  }

  async #collect(): Promise<void> {
    while (this.#isSending || this.#pending.size > 0) {
      const runs = [...this.#pending.keys()].slice(0, mostAsked)
      if (runs.length === 0) {
        await sleep(20)
        continue
      }
      const within = this.#isSending ? 200 : waitWithin
      const { outcomes: found } = await this.#patiently((client) =>
        client.post('/runs/outcomes', { runs, within }, settled),
      )
      for (const outcome of found) this.#settle(outcome)
      this.#rotate(runs.filter((run) => this.#pending.has(run)))
      if (this.#pending.size > 0) await sleep(pauseOfAsking)
    }
  }

  /** Those asked for come last next time: where there are more than one request takes, each has its turn. */
  #rotate(runs: readonly string[]): void {
    for (const run of runs) {
      const pending = this.#pending.get(run)
      this.#pending.delete(run)
      if (pending) this.#pending.set(run, pending)
    }
  }

  #settle(outcome: z.output<typeof runOutcome>): void {
    const all = this.#pending.get(outcome.run) ?? []
    this.#pending.delete(outcome.run)
    for (const pending of all) this.#finish(lineOf(outcome, pending))
  }

  #finish(line: MailLine): void {
    this.#done++
    this.#o.line(line)
    this.#o.progress(this.#done, this.#all)
  }

  async #patiently<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const until = performance.now() + patience
    for (;;) {
      this.#o.over?.throwIfAborted()
      try {
        return await work(this.#o.client())
      } catch (error) {
        if (!isPassing(error) || performance.now() > until) throw error
        await sleep(300)
      }
    }
  }
}

/** What became of a mail that was not accepted, where that is its own fault; undefined: nothing more can be sent. */
function lostAs(error: unknown): Pick<MailLine, 'outcome' | 'why'> | undefined {
  const code = error instanceof ServerProblem || isMillraceError(error) ? error.code : undefined
  if (code === 'intake/unreadable' || code === 'intake/too-large' || code === 'api/too-large')
    return { outcome: 'dead-letter', why: [code] }
  return code === 'api/failed' ? { outcome: 'failed', why: [code] } : undefined
}

/** The server is being restarted, or its database is. */
function isPassing(error: unknown): boolean {
  if (error instanceof ServerProblem) return error.status === 503
  return (
    isMillraceError(error, 'cli/unreachable') ||
    isMillraceError(error, 'cli/refused') ||
    isMillraceError(error, 'server/not-running')
  )
}

function lineOf(outcome: z.output<typeof runOutcome>, { file, readAt, since, isDuplicate }: Pending): MailLine {
  const { at, classified, error, hold, item, run, status } = outcome
  const result = triaged.safeParse(outcome.result).data
  const seen = performance.now() - since
  const recorded = at === undefined ? seen : at - readAt
  return {
    file,
    run,
    intent: result?.intent ?? classified?.label ?? null,
    confidence: result?.confidence ?? classified?.confidence ?? null,
    team: result?.team ?? item?.queue ?? hold?.queue ?? null,
    outcome: hold ? 'held' : outcomeOf(status, result?.outcome),
    why: result?.why ?? item?.why ?? hold?.why ?? (error ? [error.code] : []),
    // The record's time is exact where both clocks are this machine's; what was seen here is later by the asking.
    milliseconds: Math.round(recorded > 0 && recorded < seen ? recorded : seen),
    ...(isDuplicate && { duplicate: true }),
  }
}

function outcomeOf(status: z.output<typeof runOutcome>['status'], own: MailOutcome | undefined): MailOutcome {
  if (status === 'dead-letter') return 'dead-letter'
  if (status === 'waiting') return 'waiting'
  if (status === 'paused') return 'held'
  return status === 'succeeded' ? (own ?? 'sent') : 'failed'
}
