import { type Context, Hono } from 'hono'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { noUsage } from '../../models/cost/usage.ts'
import { type BinaryWish, framed, unframed } from '../../models/dialects/inference-frame.ts'
import { openInference, withAddress } from '../../models/dialects/open-inference.ts'
import type { GatewayAnswer } from '../../models/gateway/gateway.ts'
import type { Planes } from '../planes.ts'
import { callerOf, clientOf, refuseHidden } from './client-of.ts'
import { leave, mostTokens, responseOf } from './dialect-routes.ts'
import { type AsKnown, bodyOf, inDialect, jsonHeaders, mostBytes } from './in-dialect.ts'
import { isReady, metadataOf, speakersOf } from './inference-metadata.ts'
import { NodeExchange } from './node-exchange.ts'

interface Options {
  readonly planes: Planes
  readonly isStopping: () => boolean
  readonly asKnown: AsKnown
}

const server = {
  name: 'millrace',
  version: '0.1.0',
  extensions: ['binary_tensor_data'],
}
/** The length of a body's JSON, where binary data follow it. */
const lengthHeader = 'inference-header-content-length'

/**
 * The Open Inference Protocol, `/v2`: routes as its models, and the versions that they lead to as theirs
 * (https://github.com/kserve/open-inference-protocol). The health of the server needs no key, all else does; errors are in the protocol's form.
 */
export function openInferenceRoutes({ planes, isStopping, asKnown }: Options): Hono {
  const app = new Hono()
  const told = (work: (c: Context) => Promise<Response>) => (c: Context) =>
    inDialect(openInference, asKnown, () => work(c))
  const json = (c: Context, value: object): Response => c.body(JSON.stringify(value), 200, jsonHeaders)

  const ready = told(async (c) => {
    if (isStopping()) throw new MillraceError('server/stopping', {})
    return json(c, { ready: true })
  })
  app.get('/health/live', (c) => json(c, { live: true }))
  app.get('/health/ready', ready)
  app.get(
    '/',
    told(async (c) => {
      await clientOf(planes, c)
      return json(c, server)
    }),
  )
  for (const path of ['/models/:name', '/models/:name/versions/:version']) {
    app.get(
      path,
      told(async (c) => {
        const { client, ...address } = await addressOf(c)
        // It may load a model: a key's limits count it as a call without tokens.
        const ticket = await planes.clients.limits.admit(client, { tokens: 0 })
        try {
          return json(c, await metadataOf(planes.gateway, address))
        } finally {
          ticket.end()
        }
      }),
    )
    app.get(
      `${path}/ready`,
      told(async (c) => {
        const address = await addressOf(c)
        if (isStopping() || !isReady(planes.gateway, address))
          throw new MillraceError('model/no-target-well', {
            route: address.name.slice(0, 200),
            why: 'every version that may answer is passed over',
          })
        return json(c, { name: address.name, ready: true })
      }),
    )
    app.post(`${path}/infer`, told(infer))
  }
  app.all(
    '/*',
    told(async ({ req }) => {
      throw new MillraceError('api/no-such-path', { method: req.method, path: req.path.slice(0, 200) })
    }),
  )
  return app

  async function addressOf(c: Context) {
    const client = await clientOf(planes, c)
    const name = c.req.param('name') ?? ''
    refuseHidden(planes.modelRoutes, client, name)
    return { client, name, speakers: speakersOf(planes.modelRoutes.live.get(name), c.req.param('version')) }
  }

  async function infer(c: Context): Promise<Response> {
    if (isStopping()) throw new MillraceError('server/stopping', {})
    const client = await clientOf(planes, c)
    refuseEncoded(c)
    const exchange = NodeExchange.of(c)
    const body = await (exchange?.body(mostBytes) ?? bodyOf(c.req.raw))
    const { [lengthHeader]: length, ...headers } = c.req.header()
    const { json: whole, wish } = unframed(body, length)
    const [model = '', version] = [c.req.param('name'), c.req.param('version')]
    const request = openInference.read(withAddress(whole, { model, version }))
    const { signal } = exchange ?? c.req.raw
    const caller = callerOf(planes, client, { headers, request })
    const ticket = await planes.clients.limits.admit(client, { tokens: mostTokens(request, planes) })
    try {
      const answered = await planes.gateway.gateway.call(request, caller, { headers, signal })
      void answered.outcome.then(({ usage }) => leave(ticket, usage)).catch(() => ticket.end()) // then what was reserved counts
      const answer = asWished(answered, wish)
      return exchange?.send(answer) ?? responseOf(answer)
    } catch (error) {
      leave(ticket, noUsage)
      throw error
    }
  }
}

function refuseEncoded(c: Context): void {
  const encoding = c.req.header('content-encoding') ?? 'identity'
  if (encoding !== 'identity')
    throw new MillraceError('model/bad-body', {
      dialect: openInference.name,
      field: 'Content-Encoding',
      why: 'the gateway takes bodies that are not compressed',
    })
}

/** The outputs that the client wants so in binary data. */
function asWished(answer: GatewayAnswer, wish: BinaryWish): GatewayAnswer {
  const binary = answer.status === 200 && Buffer.isBuffer(answer.body) ? framed(answer.body, wish) : undefined
  if (!binary) return answer
  const headers = {
    ...answer.headers,
    'content-type': 'application/octet-stream',
    [lengthHeader]: String(binary.header),
  }
  return { ...answer, headers, body: binary.body }
}
