import { type Clock, systemClock } from '../../core/clock.ts'
import { mainTenant } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { BudgetDeclaration } from '../../sdk/costs.ts'
import type { RouteDeclaration } from '../../sdk/models.ts'
import { type TestDatabase, testDatabase } from '../../store/testing.ts'
import { BudgetLevels } from '../cost/budget-levels.ts'
import { PriceBook } from '../cost/price-book.ts'
import { balances, declare, openLedger } from '../cost/testing.ts'
import type { Previous } from '../responses/stored-responses.ts'
import type { DialectName, ModelRequest } from '../dialects/dialect.ts'
import { dialects } from '../dialects/dialects.ts'
import { Targets } from '../providers/targets.ts'
import { ScriptedUpstream } from '../providers/testing.ts'
import { Upstream } from '../providers/upstream.ts'
import type { CallRecord } from '../routes/call-record.ts'
import { testModel, testRoute } from '../routes/testing.ts'
import type { RouteVersion } from '../routes/route-version.ts'
import type { Caller } from './caller.ts'
import type { CallOutcome } from './call-outcome.ts'
import { Gateway, type GatewayAnswer, type GatewayParts } from './gateway.ts'
import type { ShadowComparison } from './shadows.ts'

const testCaller: Caller = {
  tenant: mainTenant,
  budgets: ['team'],
  dataClass: 'internal',
  priority: 1,
  facts: { task: 'test' },
}

/** One nano-unit a token. */
const unitPrices = new PriceBook(
  ['openai', 'anthropic', 'openai-compatible'].flatMap((provider) =>
    ['small', 'large', 'claude', 'llama'].map((model) => ({
      provider,
      model,
      currency: 'USD',
      from: '2020-01-01',
      input: '0.001',
      cacheRead: '0.001',
      cacheWrite: '0.001',
      cacheWriteLong: '0.001',
      output: '0.001',
      reasoning: '0.001',
    })),
  ),
)

/**
 * A gateway over scripted upstreams on real sockets and a real ledger on real Postgres: money and answers are looked at together. The models: `small`
 * (economy) and `large` (premium) speak as OpenAI does, `claude` as Anthropic; `llama` is another server of OpenAI's kind, at the address of `large`;
 * nobody knows what `unpriced` costs.
 */
export class GatewayBed {
  readonly database: TestDatabase
  upstreams!: { small: ScriptedUpstream; large: ScriptedUpstream; claude: ScriptedUpstream }
  records: { record: CallRecord; outcome: CallOutcome }[] = []
  shadows: ShadowComparison[] = []
  /** The response that a request goes on from, and those that were kept. */
  previous: (request: ModelRequest) => Previous | undefined = () => undefined
  kept: unknown[] = []
  answers: GatewayParts['answers']
  #gateway: Gateway | undefined
  #wire = new Upstream()

  private constructor(database: TestDatabase) {
    this.database = database
  }

  static async open(): Promise<GatewayBed> {
    return new GatewayBed(await testDatabase())
  }

  async begin(): Promise<void> {
    const start = (): Promise<ScriptedUpstream> =>
      ScriptedUpstream.start({ does: 'answer', text: 'Hello there.', usage: { input: 20, output: 5 } })
    this.upstreams = { small: await start(), large: await start(), claude: await start() }
    this.#wire = new Upstream()
    this.records = []
    this.shadows = []
    this.kept = []
    this.answers = undefined
    this.previous = () => undefined
    await this.database.ownerPool.query('truncate budget, budget_period, reservation cascade')
  }

  async end(): Promise<void> {
    await Promise.all(Object.values(this.upstreams).map((upstream) => upstream.close()))
    await this.#gateway?.idle()
    await this.#wire.close()
  }

  /** The route `chat`. Its only budget is `team`, of so many nano-units. */
  async over(
    declaration: RouteDeclaration,
    o: { readonly cap?: number; readonly clock?: Clock; readonly budget?: Partial<BudgetDeclaration> } = {},
  ): Promise<Gateway> {
    const { clock = systemClock } = o
    await declare(this.database.pool, { id: 'team', nano: o.cap ?? 1_000_000, ...o.budget })
    const { ledger } = await openLedger(this.database.pool)
    const levels = await BudgetLevels.open(this.database.pool, mainTenant)
    const route = this.route(declaration)
    this.#gateway = new Gateway({
      routes: { get: () => route },
      targets: new Targets(clock),
      upstream: this.#wire,
      prices: unitPrices,
      spend: ledger,
      keysOf: () => [],
      clock,
      random: systemRandom,
      record: (record, outcome) => this.records.push({ record, outcome }),
      onShadow: (comparison) => this.shadows.push(comparison),
      levelsOf: (budgets) => levels.of(budgets),
      ...(this.answers && { answers: this.answers }),
      stored: {
        previous: (_, request) => Promise.resolve(this.previous(request)),
        keep: (_, response) => Promise.resolve(void this.kept.push(response)),
      },
    })
    return this.#gateway
  }

  route(declaration: RouteDeclaration): RouteVersion {
    const { claude, large, small } = this.upstreams
    const models = [
      testModel('small', { url: `${small.url}/v1`, tier: 'economy' }),
      testModel('large', { url: `${large.url}/v1`, tier: 'premium' }),
      testModel('unpriced', { url: `${small.url}/v1` }),
      testModel('llama', { provider: 'openai-compatible', model: 'llama', url: `${large.url}/v1` } as never), // as above
      testModel('claude', { provider: 'anthropic', url: claude.url } as never), // the same fields as OpenAI's
    ]
    return testRoute(declaration, models)
  }

  ask(
    gateway: Gateway,
    more: object = {},
    o: { readonly dialect?: DialectName; readonly signal?: AbortSignal; readonly caller?: Partial<Caller> } = {},
  ): Promise<GatewayAnswer> {
    const body = { model: 'chat', max_tokens: 50, messages: [{ role: 'user', content: 'Hi' }], ...more }
    const request = dialects[o.dialect ?? 'openai-chat'].read(Buffer.from(JSON.stringify(body)))
    const signal = o.signal ?? new AbortController().signal
    return gateway.call(request, { ...testCaller, ...o.caller }, { headers: {}, signal })
  }

  /** Held and spent of every budget, when all attempts are booked. */
  async booked(): Promise<Record<string, string>> {
    await this.#gateway?.idle()
    return balances(this.database.pool)
  }

  /** Kind and end of each attempt, in the order of their reservations, when all are booked. */
  async attempts(): Promise<string[]> {
    await this.#gateway?.idle()
    const { rows } = await this.database.ownerPool.query<{ state: string; kind: string }>(
      'select kind, state from reservation order by id',
    )
    return rows.map(({ kind, state }) => `${kind} ${state}`)
  }
}

export async function textOf({ body }: Pick<GatewayAnswer, 'body'>): Promise<string> {
  if (Buffer.isBuffer(body)) return body.toString()
  const parts: Buffer[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString()
}
