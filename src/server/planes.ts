import { createHmac } from 'node:crypto'
import { resolve } from 'node:path'
import { env } from 'node:process'
import type { Clock } from '../core/clock.ts'
import { mainTenant, mintId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import type { CorridorPorts } from '../execution/corridor/ports.ts'
import { createEngine } from '../execution/engine/engine.ts'
import { repeat } from '../execution/engine/housekeeping.ts'
import { PostgresLog } from '../execution/engine/log-postgres.ts'
import { RestateScheduler } from '../execution/engine/scheduler-restate.ts'
import { Pipelines } from '../execution/pipelines/registry.ts'
import { RunHolds } from '../execution/runs/run-holds.ts'
import { RunOrders } from '../execution/runs/run-orders.ts'
import { RunReader } from '../execution/runs/run-reader.ts'
import { AllowList } from '../governance/allow-list.ts'
import { ApiKeys } from '../governance/api-keys.ts'
import { AuditLog } from '../governance/audit-log.ts'
import { LineageReader } from '../governance/lineage-reader.ts'
import { type MasterKey, openMasterKey } from '../governance/master-key.ts'
import { Passwords } from '../governance/passwords.ts'
import { People } from '../governance/people.ts'
import { Sessions } from '../governance/sessions.ts'
import { SignInThrottle } from '../governance/sign-in-throttle.ts'
import { Vault } from '../governance/vault.ts'
import { readCustomers } from '../intake/customers.ts'
import { DeadLetters } from '../intake/dead-letters.ts'
import { Dispatcher } from '../intake/dispatcher.ts'
import { Inbox } from '../intake/inbox.ts'
import { unknownCustomers } from '../intake/mail-event.ts'
import { MailParser } from '../intake/mail-parser.ts'
import { PipelineSwitches } from '../intake/pipeline-switches.ts'
import { readDocuments } from '../knowledge/document-files.ts'
import { KnowledgeBase } from '../knowledge/knowledge-base.ts'
import { ModelPlane } from '../models/model-plane.ts'
import { WorkItems } from '../review/work-items.ts'
import { openPool, type Pool } from '../store/pool.ts'
import { ErrorCounter } from '../telemetry/error-counter.ts'
import { ProcessMeter } from '../telemetry/process-meter.ts'
import { Overview } from '../telemetry/overview.ts'
import { QueueMeter } from '../telemetry/queue-meter.ts'
import { StepMeter } from '../telemetry/step-meter.ts'
import { EffectsHold } from './backup/effects-hold.ts'
import { openCallTelemetry } from './call-telemetry.ts'
import { type Caches, openCaches } from './caches.ts'
import { budgetAlerts } from './budget-alerts.ts'
import { openClients } from './clients.ts'
import { connectorsOf } from './connectors.ts'
import type { Engines } from './embedded/engines.ts'
import type { Home } from './embedded/home.ts'
import { RestateAdmin } from './embedded/restate-admin.ts'
import { EventIntake } from './event-intake.ts'
import { FailedSegments } from './failed-segments.ts'
import type { Say } from './log.ts'
import { MailIntake } from './mail-intake.ts'
import { openGateway } from './gateway.ts'
import { openModelRoutes } from './model-routes.ts'
import { modelSteps } from './model-steps.ts'
import { ensureOwner } from './owner.ts'
import type { Project } from './project.ts'
import { retrievedDocuments } from './retrieved-documents.ts'
import { openStoredResponses } from './stored-responses.ts'
import { UnattendedWork } from './unattended.ts'

/** How often items past their due time are looked for (W7). */
const escalateEvery = 5000
const mostEscalated = 200
/** How often held decisions are looked at whose time has come. */
const takeEffectEvery = 250

export interface PlanesOptions {
  readonly home: Home
  readonly engines: Engines
  readonly project: Project
  readonly clock: Clock
  readonly random: Random
  readonly models: ModelPlane
  readonly say: Say
  /** Replies leave through the project's mail server. */
  readonly send?: boolean | undefined
}

export type Planes = Awaited<ReturnType<typeof openPlanes>>

/**
 * Wires the planes: each gets what it needs of another through the narrow interface that it declares itself. Answers what the API serves.
 * The order of the end: nothing new comes in, what runs settles, then the connections go.
 */
export async function openPlanes(options: PlanesOptions) {
  const { home, engines, project, clock, random, models, say, send = false } = options
  const { settings } = project
  const pool = openPool({ url: engines.postgres.appUrl, max: 12, name: 'millrace' })
  const loadPool = openPool({ url: engines.postgres.appUrl, max: 3, name: 'millrace loads' })
  const end: (() => Promise<unknown>)[] = [() => pool.end(), () => loadPool.end()]
  try {
    const master = await openMasterKey(home.file('master.key'), pool)
    const vault = new Vault({ pool, master, random, clock })
    const audit = new AuditLog({ random, clock })
    const people = new People({ pool, audit, random, clock })
    const keys = new ApiKeys({ pool, audit, random, clock })
    const passwords = new Passwords({ random })
    const sessions = new Sessions({ pool, audit, random, passwords, throttle: new SignInThrottle(clock) })
    const owner = await ensureOwner({ home, people, keys })
    const caches = openCaches({ pool, keys: vault, audit, models, say, clock, random })
    end.unshift(() => caches.close())
    const knowledge = await openKnowledge({ pool, project, models, caches })
    const modelRoutes = await openModelRoutes({ pool, audit, project, clock, random })
    end.unshift(() => modelRoutes.close())
    const { ingressUrl, adminUrl, identityKey } = engines.restate
    const failed = new FailedSegments({ clock, say })
    const scheduler = new RestateScheduler({
      ingressUrl,
      port: engines.handlerPort,
      identityKey,
      clock,
      warn: (run, error) => failed.note(run, error),
    })
    const wake = (run: Parameters<typeof scheduler.wake>[0]): Promise<void> => scheduler.wake(run)
    const reviews = new WorkItems({
      pool,
      keys: vault,
      audit,
      wake,
      random,
      clock,
      async mayDecide(tenant, person) {
        const roles = await sessions.rolesOf(tenant, person)
        return roles.length === 0 || roles.includes('reviewer') || roles.includes('admin') // without a part: a key's person
      },
      onRejected: (connection, rejected) => caches.answers.evict(rejected, connection),
    })
    const holds = new RunHolds({ pool, audit, wake })
    const meter = new StepMeter()
    const errors = new ErrorCounter()
    const processMeter = new ProcessMeter(clock)
    end.push(async () => processMeter.close())
    const queueMeter = new QueueMeter({ pool, clock })
    const overview = new Overview({ pool, clock, baselines: settings.baselines ?? {} })
    const ports: CorridorPorts = {
      policy: new AllowList(settings.allow),
      classifiers: models.classifiers,
      ...modelSteps({
        models,
        calls: {
          // opened below, before any step runs
          call: (...asked) => gateway.gateway.call(...asked),
          outcomeOf: (error) => gateway.gateway.outcomeOf(error),
        },
        settings,
        keyOf: ({ entity, tenant }) => entityHash(master, tenant, entity),
        sourcesOf: (use) => retrievedDocuments(pool, use),
        clock,
      }),
      knowledge,
      people: reviews,
      holds,
      connectors: connectorsOf({ home, project, pool, send, hash: (text) => replyHash(master, text) }),
      systems: { run: (_action, _call, effect) => effect() },
      measure: {
        step(measured) {
          meter.step(measured)
          const { code, kind, pipeline, resource, run } = measured
          if (code === undefined) return
          errors.count(kind, code)
          say('', { event: 'step-failed', level: 'warn', run, code, pipeline, kind, resource })
        },
      },
    }
    const pipelines = new Pipelines(settings.pipelines, ports, project.digest)
    const log = new PostgresLog({ pool, loadPool, keys: vault, random, clock })
    const process = mintId('pro', clock.today(), random)
    const engine = createEngine({
      log,
      scheduler,
      clock,
      random,
      process,
      isWatched: true,
      warn: (run, message) => say('', { event: 'run-long', level: 'warn', run, message }),
    })
    const responses = openStoredResponses({ pool, keys: vault, settings, clock, random })
    end.unshift(() => responses.close())
    let tellAlert: ReturnType<typeof budgetAlerts> | undefined
    const telemetry = await openCallTelemetry({ pool, clock, process, env, say })
    end.unshift(() => telemetry.close())
    const gateway = await openGateway({
      telemetry,
      pool,
      modelRoutes,
      settings,
      root: project.root,
      answers: caches.answers,
      stored: responses.stored,
      commit: (bytes) => requestHash(master, bytes),
      process,
      beat: (one) => log.beat(one),
      say,
      onAlert: (alert) => tellAlert?.(alert),
      clock,
      random,
    })
    end.unshift(() => gateway.close())
    const clients = openClients({
      pool,
      keys,
      process,
      clock,
      hash: (tenant, about) => entityHash(master, tenant, about),
    })
    end.unshift(() => clients.close())
    const admin = new RestateAdmin(adminUrl)
    const inbox = new Inbox({ pool, keys: vault, random, clock, tenant: mainTenant })
    const deadLetters = new DeadLetters({ pool, keys: vault, random, clock, tenant: mainTenant })
    const dispatcher = new Dispatcher({
      pool,
      clock,
      random,
      ports: {
        admit: (pipeline, type, data) => pipelines.admit(pipeline, type, data),
        async start(run) {
          const known = await engine.start({ ...run, digest: pipelines.digest })
          if (known === 'accepted') say('', { event: 'run-started', run: run.run, pipeline: run.pipeline })
          return known
        },
        unwrap: (tenant, key, wrapped) => vault.unwrap(tenant, key, wrapped),
        subjects: (tenant, outside) => vault.subjects(tenant, outside),
        link: (tenant, links) => vault.link(tenant, links),
      },
    })
    tellAlert = budgetAlerts({ inbox, dispatcher, pipelines, say })
    const parser = new MailParser(clock)
    end.push(() => parser.close())
    const { customers: list } = settings.mailbox ?? {}
    const customers = list === undefined ? unknownCustomers : await readCustomers(resolve(project.root, list))
    const mail = new MailIntake({
      parser,
      customers,
      inbox,
      deadLetters,
      dispatcher,
      pipelines,
      owner: owner.id,
    })
    const events = new EventIntake({ inbox, dispatcher, pipelines })
    const switches = new PipelineSwitches({ pool, audit })
    const runs = new RunReader({ pool, keys: vault })
    const orders = new RunOrders({ pool, audit, engine })
    const lineage = new LineageReader({ pool, keys: vault })
    const hold = new EffectsHold({ pool, audit })
    const unattended = new UnattendedWork({
      hold,
      clock,
      parts: !engines.restate.isThere
        ? []
        : [
            // runs that nobody drives are not begun either
            async () => {
              const served = await engine.serve((run) => pipelines.handlerOf(run))
              return async () => served[Symbol.asyncDispose]()
            },
            async () => {
              await admin.register(scheduler.uri)
              await admin.resumeBackingOff() // E7
              return () => Promise.resolve()
            },
            async () => {
              dispatcher.start()
              return () => dispatcher.stop()
            },
            async () => repeat(clock, escalateEvery, () => reviews.escalate(mostEscalated)),
            async () => repeat(clock, takeEffectEvery, () => reviews.takeEffect(mostEscalated)),
          ],
    })
    end.unshift(() => unattended.close())
    await unattended.begin()
    const held = await hold.read()
    if (held)
      say(heldText(held.backupMade), {
        event: 'effects-held',
        level: 'warn',
        since: held.since,
        backupMade: held.backupMade,
      })
    const close = async (): Promise<void> => {
      for (const step of end) await step().catch(() => {}) // each ends what it can: the next start does the rest
    }
    return {
      pool,
      clock,
      audit,
      keys,
      people,
      sessions,
      owner,
      reviews,
      meter,
      errors,
      processMeter,
      queueMeter,
      overview,
      engine,
      pipelines,
      switches,
      modelRoutes,
      caches,
      gateway,
      telemetry,
      clients,
      responses,
      dispatcher,
      deadLetters,
      mail,
      events,
      runs,
      holds,
      orders,
      lineage,
      hold,
      unattended,
      close,
    }
  } catch (error) {
    for (const step of end) await step().catch(() => {})
    throw error
  }
}

const heldText = (made: number): string =>
  `EFFECTS ARE HELD: a backup of ${new Date(made).toISOString()} was restored here, and nothing runs until you run \`millrace effects release\``

/** Of an address that was replied to: under a heading of its own, so that it cannot be held against the subjects' hashes. */
const replyHash = (master: MasterKey, text: string): Buffer =>
  createHmac('sha256', master.hashing).update(`reply\0${mainTenant}\0${text}`).digest()

/** Of a request's bytes. */
const requestHash = (master: MasterKey, bytes: Buffer): string =>
  createHmac('sha256', master.hashing).update('request\0').update(bytes).digest('hex')

/** Of a business entity: the same for every call about it, and nobody can guess it back. */
const entityHash = (master: MasterKey, tenant: string, { type, id }: { type: string; id: string }): string =>
  createHmac('sha256', master.hashing).update(`entity\0${tenant}\0${type}\0${id}`).digest('hex')

/** Opens the collections and makes their documents what the project's folders hold. */
async function openKnowledge({
  pool,
  project: { settings, root },
  models,
  caches,
}: {
  readonly pool: Pool
  readonly project: Project
  readonly models: ModelPlane
  readonly caches: Caches
}): Promise<KnowledgeBase> {
  const given = settings.collections ?? []
  const collections = given.map(({ collection }) => {
    const encoder = models.encoder(collection.encoder)
    // Of documents alone: what is searched for is a person's text.
    return { declaration: collection, encoder, documents: caches.embeddings.over(encoder, { tenant: mainTenant }) }
  })
  const knowledge = new KnowledgeBase({ pool, collections, onRetired: (...gone) => caches.retire(...gone) })
  for (const { collection, documents } of given) {
    const found = await readDocuments(resolve(root, documents))
    await knowledge.ingest({ tenant: mainTenant, collection: collection.name, documents: found })
  }
  return knowledge
}
