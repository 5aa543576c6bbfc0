import { z } from 'zod'
import { event, pipeline, reviewForm } from 'millrace'

const question = reviewForm({
  name: 'bench-question',
  shows: z.object({ text: z.string() }),
  value: z.object({ isFine: z.boolean() }),
  reasons: [],
  firstLine: ({ text }) => text,
})

/** Asks a person, and so waits. */
export const askFirst = pipeline(
  { name: 'bench-ask', on: event('bench.question', z.object({ text: z.string() })) },
  async (ctx, { text }) => {
    const { outcome } = await ctx.review(question, { text }, { queue: 'bench' })
    return { outcome }
  },
)
