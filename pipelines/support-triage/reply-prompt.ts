import { file, prompt } from 'millrace'
import { z } from 'zod'

/**
 * Writes a reply. A language model drafts it from the sources and cites them; without one the canned reply is the answer, with the same marks.
 * What comes of either is checked by `checkDraft`.
 */
export const replyPrompt = prompt({
  name: 'reply',
  route: 'draft',
  template: file(import.meta, './reply.prompt'),
  withoutModel: '{{canned}}',
  input: z.object({
    /** The whole reply as it would be without a model. */
    canned: z.string().meta({ trust: 'trusted', pii: 'name' }),
    /** Only letters, by `greetingFor`. */
    greeting: z.string().meta({ trust: 'trusted', pii: 'name' }),
    team: z.string().meta({ trust: 'trusted', pii: 'none' }),
    /** Customers write of illness too. */
    message: z.string().meta({ trust: 'untrusted', pii: 'special' }),
    /** An id, to show how a source is named. */
    example: z.string().meta({ trust: 'trusted', pii: 'none' }),
    sources: z.array(
      z.object({
        id: z.string().meta({ trust: 'trusted', pii: 'none' }),
        title: z.string().meta({ trust: 'trusted', pii: 'none' }),
        text: z.string().meta({ pii: 'none' }),
      }),
    ),
  }),
  output: z.object({ text: z.string().min(1).max(20_000) }),
})
