import { type Context, Hono } from 'hono'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import type { Dialect, DialectName } from '../../models/dialects/dialect.ts'
import { dialects } from '../../models/dialects/dialects.ts'
import { modelList } from '../../models/dialects/model-list.ts'
import { errorAnswer, type GatewayAnswer } from '../../models/gateway/gateway.ts'
import type { Planes } from '../planes.ts'

/** As much as a request with pictures and documents has. */
const mostBytes = 32 * 1024 * 1024

const addresses: Readonly<Record<string, DialectName>> = {
  '/chat/completions': 'openai-chat',
  '/responses': 'openai-responses',
  '/embeddings': 'openai-embeddings',
  '/messages': 'anthropic-messages',
}

interface Options {
  readonly planes: Planes
  readonly isStopping: () => boolean
  /** Of an error that is not of the dictionary: logged, and told as one that is. */
  readonly asKnown: (error: unknown) => MillraceError
}

/**
 * The model dialects, `/v1`: clients of OpenAI and Anthropic change their base URL and key, and nothing else. Each error is in the caller's
 * dialect. Nothing of a request is logged.
 */
export function dialectRoutes({ planes, isStopping, asKnown }: Options): Hono {
  const { live } = planes.modelRoutes
  const app = new Hono()
  for (const [path, name] of Object.entries(addresses))
    app.post(path, (c) => inDialect(dialects[name], () => answer(c, dialects[name])))
  app.get('/models', (c) => {
    const name = c.req.header('anthropic-version') === undefined ? 'openai-chat' : 'anthropic-messages'
    return inDialect(dialects[name], async () => {
      await principalOf(c)
      const names = live.all.flatMap(({ policy, route }) => [route, ...policy.aliases])
      return c.body(
        modelList(
          name,
          names.map((id) => ({ id, created: 0 })),
        ),
        200,
        json,
      )
    })
  })
  return app

  async function answer(c: Context, dialect: Dialect): Promise<Response> {
    if (isStopping()) throw new MillraceError('server/stopping', {})
    const { tenant } = await principalOf(c)
    const request = dialect.read(await bodyOf(c.req.raw))
    const { caller, gateway } = planes.gateway
    const { signal } = c.req.raw
    return responseOf(await gateway.call(request, { ...caller, tenant }, { headers: c.req.header(), signal }))
  }

  async function inDialect(dialect: Dialect, work: () => Promise<Response>): Promise<Response> {
    try {
      return await work()
    } catch (error) {
      const known = isMillraceError(error) ? error : asKnown(error)
      const { body, status } = errorAnswer(dialect, known)
      // We have tried: a client that repeats by itself would multiply the calls.
      return new Response(body, { status, headers: { ...json, 'x-should-retry': String(status === 503) } })
    }
  }

  async function principalOf(c: Context) {
    if (!planes.gateway.isOpen) throw new MillraceError('api/no-gateway', {})
    const bearer = /^Bearer (\S{1,200})$/i.exec(c.req.header('authorization') ?? '')?.[1]
    const secret = c.req.header('x-api-key') ?? bearer
    if (secret === undefined) throw new MillraceError('api/no-key', {})
    const principal = await planes.keys.verify(secret)
    if (!principal) throw new MillraceError('api/wrong-key', {})
    return principal
  }
}

const json = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const

async function bodyOf(request: Request): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > mostBytes) throw new MillraceError('api/too-large', { most: mostBytes })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function responseOf({ body, headers, status }: GatewayAnswer): Response {
  const told = new Headers()
  for (const [name, value] of Object.entries(headers))
    for (const one of typeof value === 'string' ? [value] : value) told.append(name, one)
  return new Response(Buffer.isBuffer(body) ? new Uint8Array(body) : streamOf(body), { status, headers: told })
}

/** A client that hangs up ends the generator, and with it the attempt. */
function streamOf(body: AsyncGenerator<Buffer, void, undefined>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const next = await body.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    },
    async cancel() {
      await body.return()
    },
  })
}
