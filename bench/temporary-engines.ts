import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Engines, startEngines } from '../src/server/embedded/engines.ts'
import { openHome } from '../src/server/embedded/home.ts'

/** Postgres (with fsync) and Restate (two partitions) in a directory of their own, as `npm start` has them. `stop` removes all. */
export async function temporaryEngines(): Promise<
  Omit<Engines, 'stop'> & { readonly path: string; stop(): Promise<void> }
> {
  const path = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const home = openHome(path)
  const elsewhere = {
    DATABASE_URL: undefined,
    DATABASE_APP_URL: undefined,
    RESTATE_URL: undefined,
    RESTATE_ADMIN_URL: undefined,
  }
  const engines = await startEngines({
    home,
    env: { ...process.env, ...elsewhere },
    say: console.error,
    changed() {},
    giveUp: (error) => console.error(error.message),
  })
  const stop = async (): Promise<void> => {
    await engines.stop()
    home.close()
    rmSync(path, { recursive: true, force: true })
  }
  return { ...engines, path, stop }
}
