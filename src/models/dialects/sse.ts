import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'
import { MillraceError } from '../../core/errors/millrace-error.ts'

/** One block of an event stream: all bytes up to and with the blank line that ends it. */
export interface SseFrame {
  /** As they came: what is passed on unchanged. */
  readonly raw: Buffer
  /** The `event` field; absent where the block names none. */
  readonly event?: string
  /** The `data` lines, joined; absent where the block is a comment, as keep-alives are. */
  readonly data?: string
  /** False only of the last block, where the stream ended before the blank line. */
  readonly isEnded: boolean
}

/** The largest answer that a provider sends as one event is an image in base64; 16 MiB hold it. */
const mostBytesOfEvent = 16 * 1024 * 1024

const lineFeed = 10
const carriageReturn = 13
const nothing = Buffer.alloc(0)

/**
 * Owns: the bytes of an event stream since the last whole block. The blocks are found in the bytes, so that they can be passed on untouched;
 * what a block says is read by eventsource-parser (WHATWG HTML, section 9.2).
 *
 * Invariants:
 * 1. The blocks' `raw` and `end()` together are exactly what was fed.
 * 2. Blocks do not depend on where the bytes were split: not inside a character, not between CR and LF, not at the limit.
 * 3. At most `mostBytes` are held, and no block is larger: `model/oversized-event`, after the blocks before it.
 */
export class SseReader {
  readonly #mostBytes: number
  readonly #parser: EventSourceParser
  #message: EventSourceMessage | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #isLineEmpty = true
  /** The last byte was a CR: a LF that follows belongs to it. */
  #isAfterReturn = false
  /** The line that the CR ended was blank: the block ends here. */
  #isEnding = false

  constructor(mostBytes = mostBytesOfEvent) {
    this.#mostBytes = mostBytes
    this.#parser = createParser({
      onEvent: (message) => {
        this.#message = message
      },
    })
  }

  /** The blocks that these bytes complete. */
  *feed(chunk: Buffer): Generator<SseFrame, void, undefined> {
    let start = 0
    let at = 0
    let nextReturn = chunk.indexOf(carriageReturn)
    let nextFeed = chunk.indexOf(lineFeed)
    while (true) {
      if (this.#isAfterReturn) {
        if (at === chunk.length) break
        this.#isAfterReturn = false
        if (chunk[at] === lineFeed) at++
        if (this.#isEnding) {
          this.#isEnding = false
          yield this.#frame(chunk.subarray(start, at))
          start = at
        }
      }
      if (nextReturn !== -1 && nextReturn < at) nextReturn = chunk.indexOf(carriageReturn, at)
      if (nextFeed !== -1 && nextFeed < at) nextFeed = chunk.indexOf(lineFeed, at)
      const end = earlier(nextReturn, nextFeed)
      if (end === -1) {
        if (at < chunk.length) this.#isLineEmpty = false
        break
      }
      const isBlank = end === at && this.#isLineEmpty
      this.#isLineEmpty = true
      at = end + 1
      if (end === nextReturn) {
        this.#isAfterReturn = true
        this.#isEnding = isBlank
      } else if (isBlank) {
        yield this.#frame(chunk.subarray(start, at))
        start = at
      }
    }
    this.#hold(chunk.subarray(start))
  }

  /** What is left when the stream is over: a block without its blank line, read as if it had one. */
  end(): SseFrame | undefined {
    const raw = this.#take(nothing)
    const isEnded = this.#isEnding
    this.#isAfterReturn = false
    this.#isEnding = false
    this.#isLineEmpty = true
    return raw.length === 0 ? undefined : { ...this.#read(raw, isEnded ? '\n' : '\n\n'), isEnded }
  }

  #frame(last: Buffer): SseFrame {
    this.#check(last.length)
    const raw = this.#take(last)
    // The parser waits for what follows a CR at the very end.
    return { ...this.#read(raw, raw.at(-1) === carriageReturn ? '\n' : ''), isEnded: true }
  }

  #read(raw: Buffer, ending: string): { raw: Buffer; event?: string; data?: string } {
    this.#message = undefined
    this.#parser.feed(raw.toString('utf8') + ending)
    // Assigned by the parser's callback, which the compiler does not see.
    const message = this.#message as EventSourceMessage | undefined
    if (message === undefined) return { raw }
    return message.event === undefined ? { raw, data: message.data } : { raw, event: message.event, data: message.data }
  }

  #hold(rest: Buffer): void {
    if (rest.length === 0) return
    this.#check(rest.length)
    this.#held.push(rest)
    this.#heldBytes += rest.length
  }

  #take(last: Buffer): Buffer {
    if (this.#heldBytes === 0) return last
    const whole = Buffer.concat([...this.#held, last])
    this.#held = []
    this.#heldBytes = 0
    return whole
  }

  #check(more: number): void {
    if (this.#heldBytes + more > this.#mostBytes)
      throw new MillraceError('model/oversized-event', { mostBytes: this.#mostBytes })
  }
}

const earlier = (a: number, b: number): number => (a === -1 ? b : b === -1 ? a : Math.min(a, b))
