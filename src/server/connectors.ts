import { StepFailure } from '../execution/engine/failures.ts'
import { Outbox } from '../intake/outbox.ts'
import type { Home } from './embedded/home.ts'
import type { Project } from './project.ts'

/** The systems of record that actions name. In the embedded default mail goes to a directory of the data directory. */
export function connectorsOf({ home, project }: { home: Home; project: Project }): { get(name: string): unknown } {
  const known: Readonly<Record<string, unknown>> = {
    mail: new Outbox({
      directory: home.file('outbox'),
      from: project.settings.mailbox?.address ?? 'millrace@localhost.example',
    }),
  }
  return {
    get(name) {
      if (Object.hasOwn(known, name)) return known[name]
      const names = Object.keys(known).join(', ')
      throw new StepFailure(
        'step/no-connector',
        `No connector is called ${name}; this server has: ${names}. Check the name that the action gives to connector().`,
        { terminal: true },
      )
    },
  }
}
