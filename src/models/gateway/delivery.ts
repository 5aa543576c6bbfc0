import type { Dialect } from '../dialects/dialect.ts'
import { SseReader } from '../dialects/sse.ts'
import { responseIn } from '../responses/heard-response.ts'

/** Who looks at an answer on its way to the client. */
export interface Watchers {
  /** Gets the response that a stream of OpenAI's responses ends with, before the client gets that end. */
  readonly response?: ((response: string) => Promise<void>) | undefined
  /** Gets all that passed, when it has passed to its end; never more than so many bytes. */
  readonly whole?: { readonly most: number; readonly take: (body: Buffer) => void } | undefined
}

/** Passes a stream on, and shows it to who watches. */
export async function* watched(
  body: AsyncGenerator<Buffer, void, undefined>,
  dialect: Dialect,
  { response, whole }: Watchers,
): AsyncGenerator<Buffer, void, undefined> {
  const reader = response && new SseReader()
  const keepAlive = Buffer.from(dialect.keepAlive)
  let kept: Buffer[] | undefined = whole && []
  let size = 0
  for await (const chunk of body) {
    if (reader && response)
      for (const frame of reader.feed(chunk)) {
        const told = responseIn(frame)
        if (told !== undefined) await response(told)
      }
    if (kept && !chunk.equals(keepAlive)) {
      size += chunk.length
      if (size > (whole?.most ?? 0)) kept = undefined
      else kept.push(chunk)
    }
    yield chunk
  }
  if (kept) whole?.take(Buffer.concat(kept))
}
