import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { bundleDigest } from '../execution/pipelines/bundle-digest.ts'
import { type Config, EnvironmentProblems, type Settings } from '../sdk/config.ts'
import { problemsOf } from '../sdk/models.ts'

/** A user's project: what `millrace.config.ts` says, and the directory that its paths are relative to. */
export interface Project {
  readonly file: string
  readonly root: string
  /** Of the code that its runs begin with (E9). */
  readonly digest: string
  readonly settings: Settings
}

/** Errors: `server/no-project`, `server/bad-project`, `server/bad-environment` with every problem at once, `run/not-bundled`. */
export async function loadProject(given: string | undefined, env: NodeJS.ProcessEnv): Promise<Project> {
  const file = resolve(given ?? 'millrace.config.ts')
  if (!existsSync(file)) throw new MillraceError('server/no-project', { path: given ?? 'millrace.config.ts' })
  const config = await importConfig(file)
  const root = dirname(file)
  const digest = await bundleDigest(file, root)
  try {
    const settings = config.settings(env)
    const problems = problemsOf(settings)
    if (problems.length > 0) throw new Error(problems.join('; '))
    return { file, root, digest, settings }
  } catch (cause) {
    if (cause instanceof EnvironmentProblems)
      throw new MillraceError('server/bad-environment', { problems: cause.problems.join('; ') }, { cause })
    throw badProject(file, cause)
  }
}

async function importConfig(file: string): Promise<Config> {
  let loaded: unknown
  try {
    loaded = await import(pathToFileURL(file).href)
  } catch (cause) {
    throw badProject(file, cause)
  }
  const config = (loaded as { readonly default?: unknown }).default // a module's namespace
  const isConfig = config instanceof Object && 'settings' in config && typeof config.settings === 'function'
  if (!isConfig) throw badProject(file, new Error('it has no default export made by defineConfig'))
  return config as Config // checked just above, as far as a value can tell
}

function badProject(path: string, cause: unknown): MillraceError {
  const why = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? ''
  return new MillraceError('server/bad-project', { path, why: why.replace(/\.$/, '').slice(0, 500) }, { cause })
}
