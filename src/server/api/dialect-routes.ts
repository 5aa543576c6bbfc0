import { type Context, Hono } from 'hono'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Ticket } from '../../models/clients/client-limits.ts'
import { contextOf, noUsage, type Usage } from '../../models/cost/usage.ts'
import type { Dialect, DialectName, ModelRequest } from '../../models/dialects/dialect.ts'
import { dialects } from '../../models/dialects/dialects.ts'
import { modelList } from '../../models/dialects/model-list.ts'
import { boundsOf } from '../../models/gateway/bounds.ts'
import type { GatewayAnswer } from '../../models/gateway/gateway.ts'
import type { Planes } from '../planes.ts'
import { callerOf, clientOf, namesFor } from './client-of.ts'
import { type AsKnown, bodyOf, inDialect, jsonHeaders, mostBytes } from './in-dialect.ts'
import { NodeExchange } from './node-exchange.ts'

const addresses: Readonly<Record<string, DialectName>> = {
  '/chat/completions': 'openai-chat',
  '/responses': 'openai-responses',
  '/embeddings': 'openai-embeddings',
  '/messages': 'anthropic-messages',
}

interface Options {
  readonly planes: Planes
  readonly isStopping: () => boolean
  readonly asKnown: AsKnown
}

/**
 * The model dialects, `/v1`: clients of OpenAI and Anthropic change their base URL and key, and nothing else. Each error is in the caller's
 * dialect. Nothing of a request is logged.
 */
export function dialectRoutes({ planes, isStopping, asKnown }: Options): Hono {
  const app = new Hono()
  for (const [path, name] of Object.entries(addresses))
    app.post(path, (c) => inDialect(dialects[name], asKnown, () => answer(c, dialects[name])))
  app.get('/models', (c) => {
    const name = c.req.header('anthropic-version') === undefined ? 'openai-chat' : 'anthropic-messages'
    return inDialect(dialects[name], asKnown, async () => {
      const names = namesFor(planes.modelRoutes, await clientOf(planes, c))
      return c.body(
        modelList(
          name,
          names.map((id) => ({ id, created: 0 })),
        ),
        200,
        jsonHeaders,
      )
    })
  })
  return app

  async function answer(c: Context, dialect: Dialect): Promise<Response> {
    if (isStopping()) throw new MillraceError('server/stopping', {})
    const client = await clientOf(planes, c)
    const exchange = NodeExchange.of(c)
    const request = dialect.read(await (exchange?.body(mostBytes) ?? bodyOf(c.req.raw)))
    const { signal } = exchange ?? c.req.raw
    const headers = c.req.header()
    const caller = callerOf(planes, client, { headers, request })
    const ticket = await planes.clients.limits.admit(client, { tokens: mostTokens(request, planes) })
    try {
      const answered = await planes.gateway.gateway.call(request, caller, { headers, signal })
      void answered.outcome.then(({ usage }) => leave(ticket, usage)).catch(() => ticket.end()) // then what was reserved counts
      return exchange?.send(answered) ?? responseOf(answered)
    } catch (error) {
      leave(ticket, noUsage)
      throw error
    }
  }
}

/** What a call is taken for until it is known. */
export function mostTokens(request: ModelRequest, { modelRoutes: { live } }: Planes): number {
  const { answers = 1, inputBound, outputCap } = boundsOf(request, live.get(request.model).policy.outputCap)
  return inputBound + outputCap * answers
}

/** Without a word on its use what was reserved counts. */
export function leave(ticket: Ticket, usage: Usage | undefined): void {
  if (usage) ticket.used(contextOf(usage) + usage.output + usage.reasoning)
  ticket.end()
}

export function responseOf({ body, headers, status }: GatewayAnswer): Response {
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
