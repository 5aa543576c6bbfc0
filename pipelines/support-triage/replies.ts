import { collection } from 'millrace'
import { z } from 'zod'
import { intents, wordsOf } from './intents.ts'

/** The canned replies: one Markdown file each, below `replies/`, in the folder of the team that keeps it. */
export const replies = collection({
  name: 'canned-replies',
  encoder: 'mini-en',
  document: z.object({
    id: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/),
    intent: z.enum(intents.labels),
    /** What a customer would ask. */
    title: z.string().min(1).max(200),
    text: z.string().min(1).max(4000),
  }),
  text: (reply) => `${wordsOf(reply.intent)}. ${reply.title}\n\n${reply.text}`,
})
