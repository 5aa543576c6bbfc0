import { KnowledgeBase } from '../src/knowledge/knowledge-base.ts'
import { Dispatcher } from '../src/intake/dispatcher.ts'
import { Inbox } from '../src/intake/inbox.ts'
import { MailParser } from '../src/intake/mail-parser.ts'
import { MailIntake } from '../src/server/mail-intake.ts'
import { PostgresLog } from '../src/execution/engine/log-postgres.ts'
import { type StepMeasurement, StepMeter } from '../src/telemetry/step-meter.ts'
import type { PartFigures } from './server-messages.ts'

type Span = readonly [began: number, ended: number]

/**
 * Owns: when each part of a server was at work, by wrapping the parts' methods from outside: the server itself measures no more than it does in
 * daily use. Does not own: the parts. Steps tell how long they took when they end, so their spans are theirs.
 */
export class Parts {
  /** Undefined: nobody watches, and nothing is kept. */
  #spans: Map<string, Span[]> | undefined

  constructor() {
    this.#wrap('mail, file to accepted', MailIntake.prototype, 'take')
    this.#wrap('parse', MailParser.prototype, 'parse')
    this.#wrap('accept', Inbox.prototype, 'accept')
    this.#wrap('dispatch, a round', Dispatcher.prototype, 'round')
    this.#wrap('search', KnowledgeBase.prototype, 'search')
    this.#wrap('log: start', PostgresLog.prototype, 'insert')
    this.#wrap('log: load', PostgresLog.prototype, 'load')
    this.#wrap('log: commit', PostgresLog.prototype, 'append')
    const note = (kind: string, ms: number): void => this.#note(`step: ${kind}`, performance.now() - ms)
    const meter: Record<'step', unknown> = StepMeter.prototype
    const inner = meter.step as (this: unknown, measured: StepMeasurement) => void // the method
    meter.step = function (this: unknown, measured: StepMeasurement) {
      note(measured.kind, measured.ms)
      inner.call(this, measured)
    }
  }

  watch(): null {
    this.#spans = new Map()
    return null
  }

  figures(): readonly PartFigures[] {
    return [...(this.#spans ?? [])].map(([part, spans]) => {
      const took = spans.map(([began, ended]) => ended - began).toSorted((a, b) => a - b)
      const at = (share: number): number => took[Math.floor((took.length - 1) * share)] ?? Number.NaN
      return { part, calls: spans.length, p50: at(0.5), p95: at(0.95), atWork: covered(spans) }
    })
  }

  #note(part: string, began: number): void {
    if (!this.#spans) return
    const spans = this.#spans.get(part)
    const span = [began, performance.now()] as const
    if (spans) spans.push(span)
    else this.#spans.set(part, [span])
  }

  #wrap<K extends string>(part: string, prototype: Readonly<Record<K, unknown>>, method: K): void {
    const inner = prototype[method] as (...given: unknown[]) => Promise<unknown> // each of those named above is one
    const note = (began: number): void => this.#note(part, began)
    Object.assign(prototype, {
      async [method](this: unknown, ...given: unknown[]) {
        const began = performance.now()
        try {
          return await inner.apply(this, given)
        } finally {
          note(began)
        }
      },
    })
  }
}

/** The length of the union. */
function covered(spans: readonly Span[]): number {
  let [length, end] = [0, Number.NEGATIVE_INFINITY]
  for (const [began, ended] of spans.toSorted((a, b) => a[0] - b[0])) {
    length += Math.max(0, ended - Math.max(began, end))
    end = Math.max(end, ended)
  }
  return length
}
