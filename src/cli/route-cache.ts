import type { Command } from 'commander'
import type { z } from 'zod'
import { showMoney } from '../core/money.ts'
import { cacheView, emptiedView } from '../server/api/cache-routes.ts'
import { type DataOptions, performOnServer, withData } from './command.ts'
import { queryOf } from './query.ts'
import type { Terminal } from './terminal.ts'

interface CacheOptions extends DataOptions {
  readonly from?: string
  readonly until?: string
  readonly empty?: true
  readonly reject?: string
}

/** `millrace routes cache`. */
export function cacheCommand(routes: Command): void {
  withData(
    routes
      .command('cache')
      .description('answers that stand for questions put again: hits, misses and why, money saved'),
  )
    .argument('<route>')
    .option('--from <day>', 'the first day that counts, as 2026-11-25')
    .option('--until <day>', 'the last day that counts')
    .option('--empty', 'takes out every answer')
    .option('--reject <call>', 'takes out the answer of this call')
    .action((route: string, { empty, from, reject, until, ...options }: CacheOptions) =>
      performOnServer(options, async (terminal, client) => {
        const at = `/routes/${encodeURIComponent(route)}/cache`
        if (empty || reject !== undefined) {
          const done = await client.delete(`${at}${queryOf({ call: reject })}`, emptiedView)
          terminal.json(done)
          return terminal.print(done.emptied === 1 ? 'One answer is gone.' : `${done.emptied} answers are gone.`)
        }
        const found = await client.get(`${at}${queryOf({ from, until })}`, cacheView)
        terminal.json(found)
        showCache(terminal, found)
      }),
    )
}

function showCache(terminal: Terminal, found: z.infer<typeof cacheView>): void {
  const rate =
    found.hitRate === undefined ? '' : `, ${(100 * found.hitRate).toFixed(1)}% of the calls that were looked for`
  terminal.print(`${found.answers} answers are kept (${found.bytes} bytes).`)
  terminal.print(`${found.exactHits} exact hits, ${found.semanticHits} by meaning, ${found.misses} misses${rate}`)
  for (const { currency, nano } of found.saved) terminal.print(`saved ${showMoney(BigInt(nano), currency)}`)
  const kinds = { 'not looked for': found.passed, 'near, and not the same': found.refused, 'not kept': found.unkept }
  const rows = Object.entries(kinds).flatMap(([what, counts]) =>
    Object.entries(counts).map(([why, count]) => [what, why, count]),
  )
  if (rows.length > 0) terminal.table(['what', 'why', 'how often'], rows)
}
