import { median } from './bench.ts'
import { cpuOfTree } from './process-cpu.ts'
import type { ServerUnderTest } from './server-under-test.ts'

/** Milliseconds of processor time so far, of everything that a message needs. */
type Usage = Readonly<Record<keyof typeof names, number>>

const names = {
  main: 'CPU of the server, its main thread',
  workers: 'CPU of the server, its workers (model, mail, pool)',
  postgres: 'CPU of Postgres',
  restate: 'CPU of Restate',
  client: 'CPU of who sends',
}

export async function usageOf(server: ServerUnderTest): Promise<Usage> {
  const { main, all } = await server.ask('cpu')
  const { system, user } = process.cpuUsage()
  return {
    main,
    workers: all - main,
    postgres: cpuOfTree(server.pids.postgres),
    restate: cpuOfTree(server.pids.restate),
    client: (user + system) / 1000,
  }
}

export interface Spent {
  readonly before: Usage
  readonly after: Usage
  readonly seconds: number
  readonly messages: number
}

/** What one message cost, and of a core's time how much was used: medians over rounds. */
export function usageRows(rounds: readonly Spent[]): Record<string, string | number>[] {
  return Object.entries(names).map(([key, part]) => {
    const of = (per: (spent: Spent) => number): number =>
      median(
        rounds.map((spent) => {
          const who = key as keyof typeof names // its own key
          return (spent.after[who] - spent.before[who]) / per(spent)
        }),
      )
    return {
      part,
      'CPU ms a message': Number(of((spent) => spent.messages).toFixed(2)),
      'at work': `${(of((spent) => spent.seconds * 1000) * 100).toFixed(0)}%`,
    }
  })
}
