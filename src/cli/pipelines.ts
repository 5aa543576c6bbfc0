import type { Command } from 'commander'
import { z } from 'zod'
import { pipelineView } from '../server/api/pipeline-routes.ts'
import { type DataOptions, performOnServer, withData } from './command.ts'

/** `millrace pipelines list | pause | resume`. */
export function pipelinesCommand(program: Command): void {
  const pipelines = program.command('pipelines').description('what this project runs')
  withData(pipelines.command('list').description('each, and whether its new runs start')).action(
    (options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const found = await client.get('/pipelines', z.object({ pipelines: z.array(pipelineView) }))
        terminal.json(found)
        const rows = found.pipelines.map(({ isPaused, pending, pipeline }) => [
          pipeline,
          isPaused ? 'paused' : 'running',
          pending,
        ])
        terminal.table(['pipeline', 'state', 'waiting events'], rows)
      }),
  )
  for (const [verb, done] of [
    ['pause', 'starts no new runs; what comes in waits'],
    ['resume', 'starts runs again'],
  ] as const) {
    withData(pipelines.command(verb).description(`the pipeline ${done}`).argument('<pipeline>')).action(
      (pipeline: string, options: DataOptions) =>
        performOnServer(options, async (terminal, client) => {
          const state = await client.post(`/pipelines/${encodeURIComponent(pipeline)}/${verb}`, {}, pipelineView)
          terminal.json(state)
          terminal.print(`${state.pipeline} ${done} (${state.pending} events wait).`)
        }),
    )
  }
}
