import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { systemClock } from '../core/clock.ts'
import type { RunId } from '../core/ids.ts'
import { mainTenant } from '../core/ids.ts'
import { digestOf } from '../core/json.ts'
import { systemRandom } from '../core/random.ts'
import type { RunView } from '../execution/runs/run-reader.ts'
import type { ModelPlane } from '../models/model-plane.ts'
import type { Settings } from '../sdk/config.ts'
import { action, classifier, event, pipeline, reviewForm, rules } from '../sdk/index.ts'
import { type TestDatabase, testDatabase } from '../store/testing.ts'
import type { Api } from './api/api.ts'
import { makeApp } from './api/app.ts'
import { ConsoleFiles } from './console-files.ts'
import { startEngines } from './embedded/engines.ts'
import { openHome, writeServerJson } from './embedded/home.ts'
import { type Fetch, HttpServer } from './http-server.ts'
import { readOwnerKey } from './owner.ts'
import { openPlanes, type Planes } from './planes.ts'

/** A server for tests: real planes and API, on a database of its own and a Restate of its own; only the model is scripted. */
export interface TestServer {
  readonly url: string
  /** The data directory, with `server.json` and the owner's key. */
  readonly home: string
  readonly key: string
  readonly database: TestDatabase
  readonly planes: Planes
  readonly app: Api
  /** What the server logged of failures that are not of the dictionary. */
  readonly incidents: unknown[]
  /** A request under the owner's key. */
  ask(path: string, init?: RequestInit): Promise<Response>
  /** Sends a mail to the pipeline `desk`; answers its run once it waits for people or for nothing. */
  mail(text: string, subject?: string, how?: { readonly hold?: boolean }): Promise<RunView>
  /** Reads a run until it is as a test wants it. */
  until(run: string, holds: (view: RunView) => boolean): Promise<RunView>
  stop(): Promise<void>
}

/** `more`: settings of the project beside those of the pipeline `desk`. `console`: the directory of a build, to be served too. */
export async function testServer(
  more: Partial<Settings> = {},
  how: { readonly console?: string } = {},
): Promise<TestServer> {
  const database = await testDatabase({ max: 4 })
  const home = openHome(mkdtempSync(join(tmpdir(), 'millrace-server-')))
  const say = (): void => {}
  const env = { ...process.env, DATABASE_URL: database.ownerUrl, DATABASE_APP_URL: database.appUrl }
  const engines = await startEngines({
    home,
    env: { ...env, RESTATE_URL: undefined, RESTATE_ADMIN_URL: undefined },
    durable: false,
    say,
    changed() {},
    giveUp: (error) => console.error(error.message),
  })
  const common = { clock: systemClock, random: systemRandom }
  const project = {
    file: 'millrace.config.ts',
    root: home.path,
    digest: digestOf('a test'),
    settings: { ...settings, ...more },
  }
  const planes = await openPlanes({ home, engines, project, models: scriptedModels, say, ...common })
  const http = await HttpServer.listen(0)
  const incidents: unknown[] = []
  const app = makeApp({
    planes,
    databaseUrl: database.appUrl,
    ...common,
    isStopping: () => false,
    log: (_incident, error) => incidents.push(error),
  })
  const api: Fetch = (request, node) => app.fetch(request, node)
  http.serve(how.console === undefined ? api : new ConsoleFiles(how.console, systemRandom).over(api))
  const { url } = http
  writeServerJson(home.path, {
    url,
    pids: { main: process.pid, postgres: 0, restate: 0 },
    started: new Date(0).toISOString(),
  })
  const key = readOwnerKey(home.path) ?? ''
  const until = async (run: string, holds: (view: RunView) => boolean): Promise<RunView> => {
    for (;;) {
      const [view] = await planes.runs.read(mainTenant, [run as RunId]) // what is no run's id is left out
      if (view && holds(view)) return view
      await sleep(20)
    }
  }
  return {
    url,
    home: home.path,
    key,
    database,
    planes,
    app,
    incidents,
    until,
    ask: (path, init = {}) =>
      fetch(`${url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${key}`, ...(init.headers as Record<string, string>) },
      }), // tests give plain records
    async mail(text, subject = 'Hello', how = {}) {
      const lines = [
        'From: Ada <ada@example.com>',
        'To: desk@example.com',
        `Subject: ${subject}`,
        `Message-ID: <${systemRandom.bytes(8).toString('hex')}@example.com>`,
      ]
      const bytes = Buffer.from([...lines, 'Content-Type: text/plain; charset=utf-8', '', text, ''].join('\r\n'))
      const { run } = await planes.mail.take(bytes, { pipeline: desk.name, ...how })
      return until(
        run,
        ({ status, waitsFor }) => status !== 'running' && (status !== 'waiting' || waitsFor !== undefined),
      )
    },
    async stop() {
      await http.close(1000)
      await planes.close()
      await engines.stop()
      home.close()
      await database.drop()
      rmSync(home.path, { recursive: true, force: true })
    },
  }
}

// ---------------------------------------------------------------- a pipeline with a step of most kinds

const labels = ['refund', 'question'] as const
const topics = classifier({ name: 'topics', route: 'topics', labels })
const input = z.object({ topic: z.enum(labels) })
const output = z.object({ team: z.enum(['money', 'general']), human: z.boolean() })
const routing = rules({
  name: 'routing',
  input,
  output,
  rows: [{ if: { topic: 'refund' }, give: { team: 'money', human: true } }],
  otherwise: { team: 'general', human: false },
})
const note = z.object({ text: z.string().min(1) })
const keepNote = action({
  name: 'keep-note',
  input: note,
  output: z.object({}),
  approval: 'required',
  failures: [],
  undo: 'irreversible',
  ifUnknown: 'token-is-idempotent',
  run: async () => ({}),
})
const noteReview = reviewForm({
  name: 'note-review',
  shows: z.object({ message: z.string() }),
  value: note,
  reasons: ['wrong', 'not-needed'],
  firstLine: (shows) => shows.message,
})
const verdictForm = reviewForm({
  name: 'verdict',
  shows: z.object({ message: z.string() }),
  value: z.object({ isFine: z.boolean() }),
  reasons: [],
  firstLine: (shows) => shows.message,
})
const received = event('message.received', z.object({ subject: z.string(), text: z.string(), customerId: z.string() }))

/** `refund` in the text: a person approves; `ask`: a person answers; `explode`: the author's code throws; `forbidden`: the policy denies. */
const desk = pipeline(
  { name: 'desk', on: received, entity: (m) => ({ type: 'customer', id: m.customerId }), subject: (m) => m.customerId },
  async (ctx, m) => {
    const topic = await ctx.classify(topics, m.text)
    const route = await ctx.decide(routing, { topic: topic.label })
    if (m.text.includes('explode')) throw new Error('the author made a mistake')
    if (m.text.includes('forbidden')) await ctx.act(forbidden, {})
    if (m.text.includes('sleep')) await ctx.sleep('1h')
    if (m.text.includes('ask')) {
      const { outcome } = await ctx.review(verdictForm, { message: m.text }, { queue: 'general' })
      return { outcome }
    }
    const { outcome } = await ctx.act(
      keepNote,
      { text: `Noted: ${m.subject}` },
      {
        form: noteReview,
        show: { message: m.text },
        require: route.human,
        why: 'rule',
        queue: route.team,
        due: '2h',
      },
    )
    return { outcome }
  },
)
const forbidden = action({
  name: 'forbidden',
  input: z.object({}),
  output: z.object({}),
  approval: 'by-gate',
  failures: [],
  undo: 'irreversible',
  ifUnknown: 'token-is-idempotent',
  run: async () => ({}),
})
const settings = {
  pipelines: [desk],
  models: { small: { provider: 'openai', model: 'gpt-5-mini' } as const },
  routes: { chat: { targets: ['small'] } },
  allow: [
    {
      pipeline: desk.name,
      steps: [
        'classify:topics',
        'decide:routing',
        'act:keep-note',
        'gate:forbidden',
        'review:note-review',
        'review:verdict',
      ],
    },
  ],
}

const model = { name: 'scripted', digest: digestOf('scripted') }
/** Says what the text says; its classes hold workers and files, so only their shape stands here. */
const scriptedModels = {
  classifiers: {
    classify: async ({ text }: { text: string }) => {
      const label = text.includes('refund') ? 'refund' : 'question'
      return {
        label,
        confidence: 0.93,
        accepted: true,
        threshold: 0.8,
        top: [],
        part: { start: 0, end: text.length },
        model,
      }
    },
  },
  generators: { generate: () => Promise.reject(new Error('no template here')) },
  close: () => Promise.resolve(),
} as unknown as ModelPlane // the class has a private constructor
