import { type Context, Hono } from 'hono'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Random } from '../../core/random.ts'
import { dialects } from '../../models/dialects/dialects.ts'
import { countTokens } from '../../models/free-calls/count-tokens.ts'
import type { FreeAnswer } from '../../models/free-calls/free-calls.ts'
import { listedItems } from '../../models/responses/conversation.ts'
import type { Owner, StoredResponse } from '../../models/responses/stored-responses.ts'
import type { Planes } from '../planes.ts'
import { clientOf, refuseHidden } from './client-of.ts'
import { type AsKnown, bodyOf, inDialect, jsonHeaders } from './in-dialect.ts'

/** As OpenAI's lists. */
const usualItems = 20
const mostItems = 100

const responses = dialects['openai-responses']
const messages = dialects['anthropic-messages']

interface Options {
  readonly planes: Planes
  readonly asKnown: AsKnown
  readonly random: Random
}

/**
 * What `/v1` answers beside calls of models: stored responses (from our own record, to their client alone) and the count of tokens. What providers offer
 * around stored responses, and the gateway does not, is refused by its name.
 */
export function storedResponseRoutes({ planes, asKnown, random }: Options): Hono {
  const { free, stored } = planes.responses
  const app = new Hono()
  const inResponses = (work: () => Promise<Response>): Promise<Response> => inDialect(responses, asKnown, work)
  app.get('/responses/:id', (c) =>
    inResponses(async () => {
      if (c.req.query('stream') === 'true') throw refused('stream', 'a stored response is given whole')
      const { response } = await stored.read(await ownerOf(c), c.req.param('id'))
      return c.body(response, 200, jsonHeaders)
    }),
  )
  app.get('/responses/:id/input_items', (c) =>
    inResponses(async () => {
      const { id, input } = await stored.read(await ownerOf(c), c.req.param('id'))
      return c.body(JSON.stringify(pageOf(listedItems(input, id), c.req.query())), 200, jsonHeaders)
    }),
  )
  app.delete('/responses/:id', (c) =>
    inResponses(async () => {
      const owner = await ownerOf(c)
      const found = await stored.read(owner, c.req.param('id'))
      await forget(found, c)
      await stored.remove(owner, found.id)
      return c.body(JSON.stringify({ id: found.id, object: 'response', deleted: true }), 200, jsonHeaders)
    }),
  )
  app.post('/responses/compact', (c) =>
    inResponses(async () => {
      await clientOf(planes, c)
      throw refused('compact', 'a compacted context could not be read again by anybody else')
    }),
  )
  app.post('/responses/:id/cancel', (c) =>
    inResponses(async () => {
      await clientOf(planes, c)
      throw refused('cancel', 'nothing runs in the background here: an answer is given in its own request')
    }),
  )
  app.post('/messages/count_tokens', (c) =>
    inDialect(messages, asKnown, async () => {
      const client = await clientOf(planes, c)
      const request = messages.read(await bodyOf(c.req.raw))
      refuseHidden(planes.modelRoutes, client, request.model)
      const parts = { routes: planes.modelRoutes.live, free, random }
      const { signal } = c.req.raw
      const { dataClass, routes } = client
      const ticket = await planes.clients.limits.admit(client, { tokens: 0 })
      try {
        return told(await countTokens(parts, request, { dataClass, allowed: routes, headers: c.req.header(), signal }))
      } finally {
        ticket.end()
      }
    }),
  )
  return app

  async function ownerOf(c: Context): Promise<Owner> {
    const { id, tenant } = await clientOf(planes, c)
    return { tenant, client: id }
  }

  /** The provider's copy goes first: if it cannot be reached, both stay, and the client can ask again. What it does not know, it need not forget. */
  async function forget({ heldBy, id, version }: StoredResponse, c: Context): Promise<void> {
    const model = planes.modelRoutes.live.all.map(({ models }) => models[version]).find((one) => one !== undefined)
    // Of a version that no route names any more nobody has the address and the key; its provider's copy ends with its own time.
    if (heldBy === 'gateway' || model === undefined) return
    const { signal } = c.req.raw
    const { status } = await free.send(model, {
      method: 'DELETE',
      dialect: 'openai-responses',
      path: `/${encodeURIComponent(id)}`,
      headers: {},
      signal,
    })
    if (status >= 400 && status !== 404 && status !== 405)
      throw new MillraceError('model/upstream-status', { target: model.model, status })
  }
}

const refused = (field: string, why: string): MillraceError<'model/refused-field'> =>
  new MillraceError('model/refused-field', { dialect: 'openai-responses', field, why })

/** The latest first, as OpenAI lists them, unless asked otherwise. */
function pageOf(items: readonly object[], { after, limit, order }: Readonly<Record<string, string>>): object {
  const ordered = order === 'asc' ? items : items.toReversed()
  const from = after === undefined ? 0 : ordered.findIndex((item) => idOf(item) === after) + 1
  const most = Math.min(mostItems, Math.max(1, Number(limit ?? usualItems) || usualItems))
  const data = ordered.slice(from, from + most)
  return {
    object: 'list',
    data,
    first_id: data[0] ? idOf(data[0]) : null,
    last_id: data.length > 0 ? idOf(data.at(-1) ?? {}) : null,
    has_more: from + most < ordered.length,
  }
}

const idOf = (item: object): unknown => ('id' in item ? item.id : undefined)

function told({ body, headers, status }: FreeAnswer): Response {
  const named = new Headers(jsonHeaders)
  for (const [name, value] of Object.entries(headers))
    named.set(name, typeof value === 'string' ? value : value.join(', '))
  return new Response(new Uint8Array(body), { status, headers: named })
}
