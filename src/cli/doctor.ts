import type { Command } from 'commander'
import { homePath, readServerJson } from '../server/embedded/home.ts'
import { exitCodes, perform } from './command.ts'
import type { Check } from './doctor-check.ts'
import { checkHome, checkKept, checkMasterKey, checkOwnerKey } from './doctor-data.ts'
import {
  checkNode,
  checkPort,
  checkPostgresBinary,
  checkRestateBinary,
  checkRoot,
  checkRuntime,
} from './doctor-machine.ts'
import { checkHold, checkRoom } from './doctor-operations.ts'
import { checkProject } from './doctor-project.ts'
import { checkDatabase, checkRestate } from './doctor-servers.ts'
import { defaultPort, type ServeOptions, withServer } from './serve.ts'
import { oneLine, type Terminal } from './terminal.ts'

/** `millrace doctor`: whether a start would work here, and what to do where it would not. It starts nothing and writes nothing. */
export function doctorCommand(program: Command): void {
  withServer(
    program.command('doctor').description('check everything that a start needs; ends with 1 if something fails'),
  ).action((options: ServeOptions) =>
    perform(options, async (terminal) => {
      const checks = await diagnose(options, process.env)
      const isWell = checks.every((check) => check.state === 'ok' || check.state === 'unsure')
      terminal.json({ ok: isWell, checks })
      for (const check of checks) print(terminal, check)
      terminal.print()
      terminal.print(isWell ? 'A start should work.' : 'A start would fail.')
      if (!isWell) process.exitCode = exitCodes.failed
    }),
  )
}

/** Every check, in the order in which a start would need it. */
async function diagnose(
  { config, data, port = defaultPort, send = false }: ServeOptions,
  env: NodeJS.ProcessEnv,
): Promise<readonly Check[]> {
  const home = homePath(data, env)
  const checks = await Promise.all([
    checkRuntime(),
    checkRestateBinary(env),
    checkPostgresBinary(env),
    checkRoot(env),
    checkHome(home),
    checkRoom(home),
    checkKept(home),
    checkMasterKey(home),
    checkOwnerKey(home),
    checkPort(port, readServerJson(home)?.url),
    checkDatabase(env),
    checkRestate(env),
    checkHold(home, env),
    checkProject(config, env, send),
  ])
  return [checkNode(), ...checks.flat()]
}

const styles = { ok: 'green', unsure: 'yellow', failed: 'red', skipped: 'dim' } as const

function print(terminal: Terminal, { name, state, found, todo }: Check): void {
  terminal.print(`${terminal.style(styles[state], state.padEnd(7))} ${oneLine(name)}: ${oneLine(found)}`)
  if (todo !== undefined) terminal.print(`${' '.repeat(8)}${oneLine(todo)}`)
}
