import http from 'node:http'
import http2 from 'node:http2'
import { type ZenDecision, ZenDecisionContent, ZenEngine } from '@gorules/zen-engine'
import * as restate from '@restatedev/restate-sdk'
import type { Json } from '../src/core/json.ts'
import { compileRules } from '../src/execution/rules/jdm.ts'
import { RestateAdmin } from '../src/server/embedded/restate-admin.ts'
import type { Runner } from './engine-ours.ts'
import { messageOf, tables } from './engine-pipeline.ts'
import type { temporaryEngines } from './temporary-engines.ts'

type Answers = Record<string, never>

/** The same five tables as plain durable steps of the Restate SDK: no lineage, no encryption, no memory but Restate's journal. */
export async function referenceRunner(
  engines: Awaited<ReturnType<typeof temporaryEngines>>,
  port: number,
): Promise<Runner> {
  const zen = new ZenEngine()
  const compile = (table: keyof typeof tables): ZenDecision =>
    zen.createDecision(new ZenDecisionContent(compileRules(tables[table]) as object)) // rules of any types
  const decisions = {
    routing: compile('routing'),
    urgency: compile('urgency'),
    human: compile('human'),
    channel: compile('channel'),
    tone: compile('tone'),
  }
  const evaluate = async (decision: ZenDecision, input: Json): Promise<Answers> => {
    const answer = await decision.safeEvaluate(input)
    if (!answer.success) throw new Error('a table failed')
    return answer.data.result as Answers // what the table gives
  }
  const service = restate.service({
    name: 'bare',
    handlers: {
      async run(ctx: restate.Context, m: ReturnType<typeof messageOf>) {
        const { team } = await ctx.run('routing', () =>
          evaluate(decisions.routing, { intent: m.intent, confidence: m.confidence }),
        )
        const { hours } = await ctx.run('urgency', () => evaluate(decisions.urgency, { team, tier: m.tier }))
        const { person } = await ctx.run('human', () => evaluate(decisions.human, { team, confidence: m.confidence }))
        const { channel } = await ctx.run('channel', () => evaluate(decisions.channel, { hours, person }))
        const { tone } = await ctx.run('tone', () => evaluate(decisions.tone, { channel, tier: m.tier }))
        return { team, hours, person, channel, tone }
      },
    },
  })
  const { identityKey, ingressUrl, adminUrl } = engines.restate
  const handler = restate.createEndpointHandler({
    services: [service],
    logger: () => {},
    ...(identityKey && { identityKeys: [identityKey] }),
  })
  const server = http2.createServer(handler)
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => void sessions.add(session))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await new RestateAdmin(adminUrl).register(`http://127.0.0.1:${port}/`)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 128 })
  return {
    run: (n) => post(agent, `${ingressUrl}/bare/run`, JSON.stringify(messageOf(n))),
    async check() {},
    async dispose() {
      agent.destroy()
      for (const session of sessions) session.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function post(agent: http.Agent, url: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume()
        response.once('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`answered ${response.statusCode}`)),
        )
      },
    )
    request.once('error', reject)
    request.end(body)
  })
}
