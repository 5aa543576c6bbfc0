import { type ActOutcome, pipeline } from 'millrace'
import { care, careOf, isSeconded, isWorthReading, piecesOf } from './care.ts'
import { checkDraft } from './check-draft.ts'
import { answerTo, cannedReply, greetingFor, topicOf } from './compose.ts'
import type { Team } from './desks.ts'
import { type Intent, intents, wordsOf } from './intents.ts'
import { messageReceived } from './message.ts'
import { replies } from './replies.ts'
import { replyPrompt } from './reply-prompt.ts'
import { replyReview } from './reply-review.ts'
import { routing } from './routing.ts'
import { sendReply } from './send-reply.ts'
import { concernByCare, concernsIn, hear, namedSignal } from './signals.ts'
import { isContradicted, namesSubject } from './subject.ts'

/** What became of a message. */
export type Triaged = {
  /** The most likely one, also where it was not trusted. */
  readonly intent: Intent
  readonly confidence: number
  readonly team: Team | null
  readonly outcome: 'sent' | 'ignored' | 'rejected' | 'expired' | 'failed'
  /** Reason codes. */
  readonly why: readonly string[]
  /** All that was heard beside the intent, each by its method and version: `complaint/phrases@1`. */
  readonly signals: readonly string[]
  /** Ids of the canned replies that the reply rests on, as it names them. */
  readonly sources: readonly string[]
}

/** As much of a message as a model and the search are asked with. */
const mostRead = 8000
/** A reply that nobody has decided on after this time comes too late to help: the run ends as expired, which stands in its record. */
const staleAfter = '30d'
/** A draft is worth this wait, and no more: then the canned reply is proposed to a person. */
const patience = '10m'

/**
 * A customer's message is understood, routed and answered: at once where the question is a known one and the desk allows it, else after
 * a person has seen the reply.
 */
export const supportTriage = pipeline(
  {
    name: 'support-triage',
    on: messageReceived,
    entity: (m) => ({ type: 'customer', id: m.customerId }),
    subject: (m) => m.customerId,
  },
  async (ctx, m): Promise<Triaged> => {
    const topic = topicOf(m.subject)
    const read =
      [topic, m.text.trim()]
        .filter((part) => part !== '')
        .join('\n\n')
        .slice(0, mostRead) || '(no text)'
    const heard = hear(topic, m.text)
    const found = concernsIn(heard)
    const { label, confidence, accepted } = await ctx.classify(intents, read)
    // Nobody reads an answer to a machine's mail, and two machines answering each other never stop.
    if (m.automatic.length > 0) {
      const signals = heard.map(namedSignal)
      return { intent: label, confidence, signals, team: null, outcome: 'ignored', why: m.automatic, sources: [] }
    }

    // Where a person is asked anyhow there is nothing to find; else the second classifier reads what no phrase was written for.
    const pieces = found.length === 0 && isWorthReading({ accepted, confidence }) ? piecesOf(read) : []
    const [near, ...readings] = await Promise.all([
      ctx.retrieve(replies, `${wordsOf(label)}. ${read}`, { topK: 3 }),
      ...pieces.map((piece) => ctx.classify(care, piece)),
    ])
    const kind = careOf(readings)
    const byCare = kind === undefined ? [] : [concernByCare(kind)]
    const concerns = [...found, ...byCare.map(({ concern }) => concern)]
    const signals = [...heard.map(namedSignal), ...byCare.map(({ named }) => named)]
    const route = await ctx.decide(routing, {
      intent: label,
      accepted: accepted || isSeconded(read, readings),
      concern: concerns[0] ?? 'none',
      heard: signals,
      tier: m.tier,
    })
    const isFitting = (hit: (typeof near)[number]): boolean => hit.document.intent === label
    // A long message may lead the search away from what it is about: the intent's words alone lead back.
    const isAstray = !route.human && !near.some(isFitting)
    const again = isAstray ? await ctx.retrieve(replies, wordsOf(label), { topK: 3 }) : []
    const hits = again.some(isFitting) ? again : near
    const fitting = hits.find(isFitting)
    const unanswerable = unanswerableWhy(label, read, fitting !== undefined)
    const isUnanswerable = !route.human && unanswerable !== undefined
    const greeting = greetingFor(m.fromName)
    const team = route.team === 'general' ? 'support' : route.team
    const sources = hits.map(({ document }) => document)
    const canned = cannedReply({ greeting, source: fitting?.document ?? sources[0], team })
    const draft = await ctx
      .generate(
        replyPrompt,
        { canned, greeting, team, message: read, example: sources[0]?.id ?? 'id', sources: sources.map(asSource) },
        { patience },
      )
      .catch(unlessOfModel)
    const { cited, doubts, text, unsupported } = checkDraft({
      text: draft?.text ?? canned,
      greeting,
      message: read,
      sources,
    })
    const doubtful = draft ? doubts : ['no-draft', ...doubts]
    const isDoubtful = !route.human && !isUnanswerable && doubtful.length > 0
    const why = [
      ...(isDoubtful ? doubtful : [isUnanswerable ? unanswerable : route.why, ...doubtful]),
      ...concerns.filter((concern) => concern !== route.why),
    ]
    const sent = await ctx.act(sendReply, answerTo(m, text), {
      form: replyReview,
      show: {
        from: m.from,
        subject: topic,
        message: m.text,
        intent: label,
        confidence,
        team: route.team,
        why,
        cited,
        unsupported,
        replies: hits.map(({ document: { id, title } }) => ({ id, title })),
      },
      require: route.human || isUnanswerable || isDoubtful,
      why: why[0] ?? route.why,
      confidence,
      queue: route.team,
      priority: route.priority,
      due: route.due,
      expires: staleAfter,
    })
    return { intent: label, confidence, signals, team: route.team, outcome: outcomeOf(sent), why, sources: cited }
  },
)

/** Why no canned reply goes out alone, though the intent is a known one. */
function unanswerableWhy(intent: Intent, text: string, isReplyFitting: boolean): string | undefined {
  if (!isReplyFitting) return 'no-fitting-reply'
  if (!namesSubject(intent, text)) return 'subject-not-named'
  return isContradicted(intent, text) ? 'contradicts-intent' : undefined
}

function outcomeOf(sent: ActOutcome<unknown, string>): Triaged['outcome'] {
  return sent.outcome === 'done' || sent.outcome === 'done-by-hand' ? 'sent' : sent.outcome
}

const asSource = ({ id, text, title }: { readonly id: string; readonly text: string; readonly title: string }) => ({
  id,
  title,
  text,
})

/** A model that gave no draft fails no run: nothing is sent on it, and a person has the canned reply. */
function unlessOfModel(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (!/^(?:model|cost)\/|^prompt\/bad-output$/.test(code)) throw error
}
