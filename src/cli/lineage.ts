import type { Command } from 'commander'
import type { z } from 'zod'
import { runLineage } from '../server/api/lineage-routes.ts'
import { type DataOptions, exitCodes, performOnServer, withData } from './command.ts'
import { moment } from './moments.ts'
import { oneLine, type Terminal } from './terminal.ts'

type Lineage = z.infer<typeof runLineage>
type LineageRecord = Lineage['records'][number]

/** `millrace lineage show`: why something happened, from the outcome back to what went in, each record checked. */
export function lineageCommand(program: Command): void {
  const lineage = program.command('lineage').description('the records behind a run')
  withData(lineage.command('show'))
    .description('why: from the outcome back to what went in, each record checked; ends with 1 if one does not check')
    .argument('<run>')
    .action((run: string, options: DataOptions) => show(run, options))
}

const show = (run: string, options: DataOptions): Promise<void> =>
  performOnServer(options, async (terminal, client) => {
    const found = await client.get(`/runs/${encodeURIComponent(run)}/lineage`, runLineage)
    terminal.json(found)
    if (!terminal.isJson) print(terminal, found)
    if (problemsOf(found).length > 0) process.exitCode = exitCodes.failed
  })

function print(terminal: Terminal, { records, problems }: Lineage): void {
  for (const [n, record] of records.toReversed().entries()) {
    const because = n === 0 ? 'outcome' : 'because'
    terminal.print(terminal.style('bold', `${because}  ${titleOf(record)}`))
    terminal.print(
      `         ${moment(record.at)}, record ${record.seq}, ${record.leafHash.slice(0, 16)}: ${stateOf(record)}`,
    )
    for (const factor of record.factors)
      terminal.print(`         by ${oneLine(factor.kind)} ${oneLine(factor.name)} (${factor.digest.slice(0, 12)})`)
    for (const problem of record.problems) terminal.print(terminal.style('red', `         ! ${oneLine(problem)}`))
  }
  for (const problem of problems) terminal.print(terminal.style('red', `! ${oneLine(problem)}`))
  terminal.print()
  terminal.print(verdictOf({ records, problems }))
}

const titleOf = ({ key, phase, outcome }: LineageRecord): string => {
  const name =
    key === '$end' ? 'the run ended' : key === '$cancel' ? 'the run was cancelled' : oneLine(key).replace(/^\//, '')
  return phase === 'end' ? `${name}: ${outcome}` : `${name}: ${phase}, ${outcome}`
}

function stateOf({ problems, isContentChecked }: LineageRecord): string {
  if (problems.length > 0) return 'does not check'
  return isContentChecked
    ? 'hash, columns and content check'
    : 'hash and columns check; it has no content, or it was erased'
}

const problemsOf = ({ records, problems }: Lineage): string[] => [
  ...problems,
  ...records.flatMap((record) => record.problems),
]

function verdictOf(lineage: Lineage): string {
  const count = `${lineage.records.length} ${lineage.records.length === 1 ? 'record' : 'records'}`
  const wrong = problemsOf(lineage).length
  if (wrong > 0) return `${count}: ${wrong} ${wrong === 1 ? 'problem' : 'problems'}. The run's records were changed.`
  return `${count}: everything checks.`
}
