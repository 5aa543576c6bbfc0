import { file, prompt } from 'millrace'
import { z } from 'zod'

/** Fills a reply. A template answers it; a language model can, behind the same route. */
export const replyPrompt = prompt({
  name: 'reply',
  route: 'draft',
  template: file(import.meta, './reply.prompt'),
  input: z.object({ greeting: z.string(), answer: z.string(), team: z.string() }),
  output: z.object({ text: z.string().min(1).max(20_000) }),
})
