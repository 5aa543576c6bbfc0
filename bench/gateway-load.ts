import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import type { Load, Loaded, LoadSaid } from './gateway-messages.ts'

// Runs in a process of its own: calls that differ, so many at once, each on a connection of its own.

const words = 'The parcel that I ordered on Monday has not come, and the page says that it has. '
let next = 0

/** A request of so many bytes, no two the same. */
function bodyOf({ bytes, isStream, model }: Load): string {
  const parts = { before: `{"model":"${model}","messages":[{"role":"user","content":"`, after: '"}]' }
  const stream = isStream ? ',"stream":true,"stream_options":{"include_usage":true}' : ''
  const mark = `Call ${process.pid}-${next++}. `
  const room = Math.max(0, bytes - parts.before.length - parts.after.length - stream.length - mark.length - 30)
  const filling = words.repeat(Math.ceil(room / words.length)).slice(0, room)
  return `${parts.before}${mark}${filling}${parts.after}${stream},"max_tokens":100}`
}

async function load(asked: Load): Promise<Loaded> {
  const pool = new Pool(new URL(asked.url).origin, {
    connections: asked.atOnce,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const path = new URL(asked.url).pathname
  const took: number[] = []
  const first: number[] = []
  let failed: string | undefined
  let wrong = 0
  const once = async (): Promise<void> => {
    const began = performance.now()
    let firstAt: number | undefined
    let last = ''
    let status = 0
    await new Promise<void>((resolve, reject) => {
      pool.dispatch(
        {
          path,
          method: 'POST',
          headers: { 'content-type': 'application/json', ...asked.headers },
          body: bodyOf(asked),
        },
        {
          onRequestStart() {},
          onResponseStart(_controller, code) {
            status = code
          },
          onResponseData(_controller, bytes) {
            if (firstAt === undefined) {
              const now = performance.timeOrigin + performance.now()
              const sent = asked.isPaced ? /sent (\d+\.?\d*) /.exec(bytes.toString('latin1'))?.[1] : undefined
              if (!asked.isPaced) firstAt = now
              else if (sent !== undefined) first.push(now - (firstAt = Number(sent)))
            }
            last = bytes.toString('latin1', Math.max(0, bytes.length - 100))
          },
          onResponseEnd() {
            resolve()
          },
          onResponseError(_controller, error) {
            reject(error)
          },
        },
      )
    })
    took.push(performance.now() - began)
    const isWhole = asked.isStream ? last.includes('[DONE]') : last.trimEnd().endsWith('}')
    if (status !== 200 || !isWhole) throw new Error(`${status} ${last}`)
  }
  let left = asked.calls
  const until = asked.within === undefined ? Number.POSITIVE_INFINITY : performance.now() + asked.within
  const began = performance.now()
  const worker = async (): Promise<void> => {
    while (left > 0 && performance.now() < until) {
      left--
      await once().catch((error: unknown) => {
        wrong++
        failed ??= String(error)
      })
      if (asked.every !== undefined) await sleep(asked.every)
    }
  }
  await Promise.all(Array.from({ length: asked.atOnce }, worker))
  const ms = performance.now() - began
  await pool.close()
  return { calls: took.length, ms, took, first, wrong, failed: failed ?? null }
}

const say = (said: LoadSaid): void => void process.send?.(said)
process.on('message', (asked: Load) => {
  void load(asked).then(
    (answer) => say({ answer }),
    (error: unknown) => say({ failed: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
say({ isReady: true })
