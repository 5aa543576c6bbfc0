import { dialects } from '../dialects.ts'
import { SseReader } from '../sse.ts'
import type { Adapter, StreamAdapter } from './adapter.ts'

/**
 * One adapter after the other: a client's dialect by way of a second to a third. What the second step refuses or drops is named as the second dialect
 * names it.
 */
export const chained = (first: Adapter, second: Adapter): Adapter => ({
  from: first.from,
  to: second.to,
  request: (request, mayDrop) => {
    const between = first.request(request, mayDrop)
    const { body, dropped } = second.request(dialects[first.to].read(between.body), mayDrop)
    return { body, dropped: union(between.dropped, dropped) }
  },
  answer: (body, facts) => {
    const between = second.answer(body, facts)
    const { body: out, dropped } = first.answer(Buffer.from(between.body), facts)
    return { body: out, dropped: union(between.dropped, dropped) }
  },
  stream: (facts) => chainedStream(first.stream(facts), second.stream({ ...facts, asksUsage: true })),
})

function chainedStream(first: StreamAdapter, second: StreamAdapter): StreamAdapter {
  const reader = new SseReader()
  return {
    carry: (frame) =>
      [...reader.feed(Buffer.from(second.carry(frame)))]
        // A comment names what the second step dropped.
        .map((between) => (between.data === undefined ? between.raw.toString() : first.carry(between)))
        .join(''),
    get dropped() {
      return union(first.dropped, second.dropped)
    },
  }
}

const union = (...lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())].toSorted()
