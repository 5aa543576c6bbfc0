import type { Command } from 'commander'
import { z } from 'zod'
import { personView } from '../server/api/people-routes.ts'
import { codeView } from '../server/api/session-routes.ts'
import { type DataOptions, performOnServer, withData } from './command.ts'

const codes = [
  ['invite', 'a link with which a person sets a password'],
  ['reset', 'a link for another password, which ends all sessions of the person'],
] as const

/** `millrace people list | add | invite | reset`. */
export function peopleCommand(program: Command): void {
  const people = program.command('people').description('who decides and is answerable')
  withData(people.command('list').description('everybody')).action((options: DataOptions) =>
    performOnServer(options, async (terminal, client) => {
      const found = await client.get('/people', z.object({ people: z.array(personView) }))
      terminal.json(found)
      terminal.table(
        ['person', 'name', 'e-mail'],
        found.people.map(({ id, name, email = '' }) => [id, name, email]),
      )
    }),
  )
  withData(people.command('add').description('add a person').argument('<name>').option('--email <address>')).action(
    (name: string, options: DataOptions & { readonly email?: string }) =>
      performOnServer(options, async (terminal, client) => {
        const { email } = options
        const person = await client.post('/people', { name, ...(email !== undefined && { email }) }, personView)
        terminal.json(person)
        terminal.print(
          `${person.id} is ${person.name}. Give them a key: millrace keys create ${person.id} --name laptop`,
        )
      }),
  )
  for (const [name, description] of codes)
    withData(people.command(name).description(description).argument('<person>')).action(
      (person: string, options: DataOptions) =>
        performOnServer(options, async (terminal, client) => {
          const { path } = await client.post(`/people/${encodeURIComponent(person)}/code`, {}, codeView)
          const link = new URL(path, client.url).href
          terminal.json({ link })
          terminal.print(`${link}\nGood once, for ten minutes. Give it to ${person} alone.`)
        }),
    )
}
