import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import type { KeyId, TenantId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { sealBody, unseal } from '../../core/seal.ts'
import type { Pool } from '../../store/pool.ts'
import { contextOf, type Usage } from '../cost/usage.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import { goingOn, inputOf, joined, outputOf } from './conversation.ts'

/** What stored responses need of the keys of persons. */
export interface ResponseKeys {
  get(tenant: TenantId, key: KeyId): Promise<KeyObject>
  unwrap(tenant: TenantId, key: KeyId, wrapped: Uint8Array | null): KeyObject
  subjects(tenant: TenantId, outside: readonly string[]): Promise<readonly { readonly key: KeyId }[]>
}

/** Whose a response is. */
export interface Owner {
  readonly tenant: TenantId
  /** The key's id. */
  readonly client: string
}

/** The response that a request goes on from. */
export interface Previous {
  /** The digest of the model's version that gave it: nobody else may be asked. */
  readonly version: string
  readonly heldBy: 'provider' | 'gateway'
  /** What is sent in place of the client's request: the earlier conversation counts in its `inputBound`, and is written out where no provider holds it. */
  readonly request: ModelRequest
}

export interface StoredResponse {
  readonly id: string
  readonly version: string
  readonly heldBy: 'provider' | 'gateway'
  /** JSON, as the client got it. */
  readonly response: string
  /** JSON, a list of items: what was asked. Where we hold the conversation, all of it. */
  readonly input: string
}

/** As OpenAI keeps them. */
const keptDays = 30
const mostSwept = 1000

const sealed = z.strictObject({ response: z.string(), input: z.string() })

/** Whether an answer to this request is to be kept: the dialect's default says so. */
export const isStored = ({ dialect, json }: ModelRequest): boolean =>
  dialect === 'openai-responses' && json['store'] !== false

/**
 * Owns: the answers of `/v1/responses` that may be asked for again: table `stored_response`. Does not own: what providers keep of them.
 *
 * 1. A response is seen, gone on from and deleted by the client alone whose it is; to all others it is not there.
 * 2. Its text lies sealed under the key of the person whom the request named as its end user, else of the client: erasing them erases it.
 * 3. Who goes on from it is answered by the model's version that gave it, and no other: an id of one provider never reaches another.
 * 4. The first of an id stays: what a provider tells twice replaces nothing.
 */
export class StoredResponses {
  readonly #pool: Pool
  readonly #keys: ResponseKeys
  readonly #random: Random

  constructor(options: { readonly pool: Pool; readonly keys: ResponseKeys; readonly random: Random }) {
    this.#pool = options.pool
    this.#keys = options.keys
    this.#random = options.random
  }

  /**
   * Keeps an answer, before the client gets its end: it may go on from it at once. `request`: as it was sent (`Previous.request`). `response`: the JSON
   * as the client gets it; one without an id is not kept. `isCarried`: it came through an adapter, and its provider keeps nothing.
   */
  async keep(
    { client, tenant }: Owner,
    o: {
      readonly request: ModelRequest
      readonly response: string
      readonly version: string
      readonly usage: Usage | undefined
      readonly isCarried: boolean
    },
  ): Promise<void> {
    const { isCarried, request, response, usage, version } = o
    const id = idOf(response)
    if (id === undefined || !isStored(request)) return
    const [subject] = await this.#keys.subjects(tenant, [request.endUser ?? `client:${client}`])
    if (!subject) throw new TypeError('a subject is made where there is none')
    const key = await this.#keys.get(tenant, subject.key)
    const body = sealBody(key, JSON.stringify({ response, input: inputOf(request) }), this.#random)
    const tokens = usage ? contextOf(usage) + usage.output + usage.reasoning : request.inputBound + response.length
    await this.#pool.query({
      name: 'keep-response',
      text: `insert into stored_response (t, id, client, version, held_by, tokens, key_id, body, expires)
        values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + make_interval(days => $9)) on conflict do nothing`,
      values: [tenant, id, client, version, isCarried ? 'gateway' : 'provider', tokens, subject.key, body, keptDays],
    })
  }

  /** Undefined where the request begins a conversation. Errors: `model/no-such-response`. */
  async previous(owner: Owner, request: ModelRequest): Promise<Previous | undefined> {
    if (request.previous === undefined) return undefined
    const row = await this.#row(owner, request.previous)
    const { held_by: heldBy, version } = row
    if (heldBy === 'provider')
      return { version, heldBy, request: { ...request, inputBound: request.inputBound + Number(row.tokens) } }
    const { input, response } = this.#opened(owner.tenant, row)
    return { version, heldBy, request: goingOn(request, joined(input, outputOf(response))) }
  }

  /** Errors: `model/no-such-response`. */
  async read(owner: Owner, id: string): Promise<StoredResponse> {
    const row = await this.#row(owner, id)
    return { id, version: row.version, heldBy: row.held_by, ...this.#opened(owner.tenant, row) }
  }

  /** Errors: `model/no-such-response`. */
  async remove({ client, tenant }: Owner, id: string): Promise<void> {
    const { rowCount } = await this.#pool.query({
      name: 'remove-response',
      text: 'delete from stored_response where t = $1 and id = $2 and client = $3 and expires > clock_timestamp()',
      values: [tenant, id, client],
    })
    if (rowCount === 0) throw noSuch(id)
  }

  /** Deletes some that have expired, and says how many. */
  async sweep(): Promise<number> {
    const { rowCount } = await this.#pool.query({
      name: 'sweep-responses',
      text: `delete from stored_response where (t, id) in
        (select t, id from stored_response where expires <= clock_timestamp() order by expires limit ${mostSwept})`,
    })
    return rowCount ?? 0
  }

  async #row({ client, tenant }: Owner, id: string): Promise<Row> {
    const { rows } = await this.#pool.query<Row>({
      name: 'read-response',
      text: `select s.id, s.version, s.held_by, s.tokens, s.key_id, s.body, k.wrapped from stored_response s
        left join subject_key k on k.t = s.t and k.id = s.key_id
        where s.t = $1 and s.id = $2 and s.client = $3 and s.expires > clock_timestamp() and k.wrapped is not null`,
      values: [tenant, id, client],
    })
    const [row] = rows
    if (!row) throw noSuch(id)
    return row
  }

  #opened(tenant: TenantId, { body, id, key_id, wrapped }: Row): z.output<typeof sealed> {
    try {
      return sealed.parse(unseal(this.#keys.unwrap(tenant, key_id, wrapped), body))
    } catch (error) {
      if (isMillraceError(error, 'governance/key-destroyed')) throw noSuch(id)
      throw error
    }
  }
}

interface Row {
  readonly id: string
  readonly version: string
  readonly held_by: 'provider' | 'gateway'
  readonly tokens: string
  readonly key_id: KeyId
  readonly body: Buffer
  readonly wrapped: Buffer | null
}

const idOf = (response: string): string | undefined => {
  const { data } = z.looseObject({ id: z.string().min(1).max(300) }).safeParse(JSON.parse(response))
  return data?.id
}

const noSuch = (response: string): MillraceError<'model/no-such-response'> =>
  new MillraceError('model/no-such-response', { response: response.slice(0, 200) })
