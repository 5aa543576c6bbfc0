import { type ActOutcome, pipeline } from 'millrace'
import { answerTo, greetingFor, topicOf } from './compose.ts'
import type { Team } from './desks.ts'
import { type Intent, intents, wordsOf } from './intents.ts'
import { messageReceived } from './message.ts'
import { replies } from './replies.ts'
import { replyPrompt } from './reply-prompt.ts'
import { replyReview } from './reply-review.ts'
import { routing } from './routing.ts'
import { sendReply } from './send-reply.ts'
import { concernsIn, hear, namedSignal } from './signals.ts'
import { namesSubject } from './subject.ts'

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
}

/** As much of a message as a model and the search are asked with. */
const mostRead = 8000
/** A reply that nobody has decided on after this time comes too late to help: the run ends as expired, which stands in its record. */
const staleAfter = '30d'
/** Proposed to a person where no canned reply was found at all. */
const acknowledgement =
  'Thank you for writing to us. We have read your message and a colleague is looking into it. You will hear from us as soon as we know more; there is nothing that you need to do until then.'

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
    const intent = await ctx.classify(intents, read)
    const { label, confidence, accepted } = intent
    const heard = hear(topic, m.text)
    const known = { intent: label, confidence, signals: heard.map(namedSignal) }
    // Nobody reads an answer to a machine's mail, and two machines answering each other never stop.
    if (m.automatic.length > 0) return { ...known, team: null, outcome: 'ignored', why: m.automatic }

    const concerns = concernsIn(heard)
    const [route, near] = await Promise.all([
      ctx.decide(routing, {
        intent: label,
        accepted,
        concern: concerns[0] ?? 'none',
        heard: known.signals,
        tier: m.tier,
      }),
      ctx.retrieve(replies, `${wordsOf(label)}. ${read}`, { topK: 3 }),
    ])
    const isFitting = (hit: (typeof near)[number]): boolean => hit.document.intent === label
    // A long message may lead the search away from what it is about: the intent's words alone lead back.
    const isAstray = !route.human && !near.some(isFitting)
    const again = isAstray ? await ctx.retrieve(replies, wordsOf(label), { topK: 3 }) : []
    const hits = again.some(isFitting) ? again : near
    const fitting = hits.find(isFitting)
    const unanswerable = fitting ? (namesSubject(label, read) ? undefined : 'subject-not-named') : 'no-fitting-reply'
    const isUnanswerable = !route.human && unanswerable !== undefined
    const why = [isUnanswerable ? unanswerable : route.why, ...concerns.filter((concern) => concern !== route.why)]
    const { text } = await ctx.generate(replyPrompt, {
      greeting: greetingFor(m.fromName),
      answer: (fitting ?? hits[0])?.document.text ?? acknowledgement,
      team: route.team === 'general' ? 'support' : route.team,
    })
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
        replies: hits.map(({ document: { id, title } }) => ({ id, title })),
      },
      require: route.human || isUnanswerable,
      why: why[0] ?? route.why,
      confidence,
      queue: route.team,
      priority: route.priority,
      due: route.due,
      expires: staleAfter,
    })
    return { ...known, team: route.team, outcome: outcomeOf(sent), why }
  },
)

function outcomeOf(sent: ActOutcome<unknown, string>): Triaged['outcome'] {
  return sent.outcome === 'done' || sent.outcome === 'done-by-hand' ? 'sent' : sent.outcome
}
