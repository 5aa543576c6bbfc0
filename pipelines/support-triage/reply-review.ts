import { claimKinds, reviewForm } from 'millrace'
import { z } from 'zod'
import { teams } from './desks.ts'
import { intents } from './intents.ts'
import { reply } from './send-reply.ts'

/** What a person sees before a reply goes out, and what they may change: the reply itself. */
export const replyReview = reviewForm({
  name: 'reply',
  shows: z.object({
    from: z.string(),
    subject: z.string(),
    message: z.string().meta({ trust: 'untrusted' }),
    intent: z.enum(intents.labels),
    confidence: z.number(),
    team: z.enum(teams),
    why: z.array(z.string()),
    /** Ids of the replies that the draft names as its sources. */
    cited: z.array(z.string()).readonly(),
    /** What the draft says that stands in none of them: look at these first. */
    unsupported: z
      .array(
        z.object({
          kind: z.enum(claimKinds),
          text: z.string(),
          start: z.int(),
          end: z.int(),
        }),
      )
      .readonly(),
    /** The replies that were found, nearest first. */
    replies: z.array(z.object({ id: z.string(), title: z.string() })),
  }),
  value: reply,
  reasons: [
    'wrong-intent',
    'wrong-facts',
    'wrong-tone',
    'needs-account-look-up',
    'answered-by-phone',
    'not-a-customer',
    'nothing-to-answer',
  ],
  firstLine: (shows) => `${shows.subject || '(no subject)'} — ${shows.intent}, ${shows.why.join(', ')}`,
})
