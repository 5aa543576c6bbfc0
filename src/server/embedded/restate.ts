import { createRequire } from 'node:module'
import { networkInterfaces } from 'node:os'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Kept } from './kept.ts'
import { system } from './postgres-place.ts'
import { RestateAdmin } from './restate-admin.ts'
import { SupervisedProcess, type ProcessSpec } from './supervised-process.ts'

export const restateUrls = (kept: Kept): { readonly ingressUrl: string; readonly adminUrl: string } => ({
  ingressUrl: `http://127.0.0.1:${kept.ports.ingress}`,
  adminUrl: `http://127.0.0.1:${kept.ports.admin}`,
})

export function restateProcess(
  kept: Kept,
  spec: Pick<ProcessSpec, 'home' | 'clock' | 'changed' | 'say'>,
): SupervisedProcess {
  const { adminUrl, ingressUrl } = restateUrls(kept)
  const admin = new RestateAdmin(adminUrl)
  return new SupervisedProcess({
    ...spec,
    name: 'restate',
    data: spec.home.file('restate'),
    mark: `--base-dir ${spec.home.file('restate')}`,
    stop: 'SIGTERM',
    force: 'SIGKILL',
    command: () => ({
      file: binary(),
      args: ['--no-logo', '--node-name', 'millrace', '--base-dir', spec.home.file('restate')],
      options: { cwd: spec.home.path, env: settings(kept, spec.home.file('tmp')) },
    }),
    // `/health` alone answers before the partitions do.
    healthy: async () => {
      const answer = await fetch(`${ingressUrl}/restate/health`, { signal: AbortSignal.timeout(2000) })
      if (!answer.ok) throw new Error(`health ${answer.status}`)
      await admin.query('select id from sys_invocation limit 1')
    },
  })
}

/** The binary itself: SIGKILL of the npm wrapper would orphan the server (E15). */
function binary(): string {
  try {
    return createRequire(import.meta.url).resolve(`@restatedev/restate-server-${system}/bin/restate-server`)
  } catch (cause) {
    throw new MillraceError('server/no-binary', { engine: 'restate', system }, { cause })
  }
}

/** An unknown or misspelt name is ignored by Restate without a word: each of these was verified (docs/decisions/0002). */
function settings(kept: Kept, tmp: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    TMPDIR: tmp, // a killed Restate leaves invoker-* directories there
    RESTATE_BIND_IP: '127.0.0.1', // E14
    RESTATE_LISTEN_MODE: 'tcp',
    RESTATE_BIND_PORT: String(kept.ports.node),
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${kept.ports.node}`,
    RESTATE_ADMIN__BIND_PORT: String(kept.ports.admin),
    RESTATE_INGRESS__BIND_PORT: String(kept.ports.ingress),
    RESTATE_DEFAULT_NUM_PARTITIONS: '2', // twice the throughput of 24 on two cores
    RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE: '512MiB',
    RESTATE_DISABLE_TELEMETRY: 'true',
    RESTATE_ADMIN__DISABLE_WEB_UI: 'true',
    RESTATE_LOG_FILTER: 'warn,octocrab=off', // it looks at GitHub at each start, which no switch stops
    RESTATE_LOG_DISABLE_ANSI_CODES: 'true',
    RESTATE_SHUTDOWN_TIMEOUT: '10s',
    RESTATE_DEFAULT_RETRY_POLICY__MAX_ATTEMPTS: 'unlimited', // E7: an outage must not park runs
    RESTATE_DEFAULT_RETRY_POLICY__MAX_INTERVAL: '10s',
    RESTATE_WORKER__INVOKER__REQUEST_IDENTITY_PRIVATE_KEY_PEM_FILE: kept.identityFile, // E14
  }
}

/** Refuses to go on when other machines could reach the admin port (E14). */
export async function refuseExposedAdmin(port: number): Promise<void> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  for (const { internal, address, family } of addresses) {
    if (internal || family !== 'IPv4') continue
    const answers = await fetch(`http://${address}:${port}/health`, { signal: AbortSignal.timeout(500) }).then(
      () => true,
      () => false,
    )
    if (answers) throw new MillraceError('server/admin-exposed', { address, port })
  }
}
