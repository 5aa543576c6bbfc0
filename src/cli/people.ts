import { type Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { parseDuration } from '../core/duration.ts'
import { keyView, newKeyView, personView } from '../server/api/people-routes.ts'
import { type DataOptions, performOnServer, withData } from './command.ts'

/** `millrace people list | add`. */
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
}

/** `millrace keys list | create | revoke`. */
export function keysCommand(program: Command): void {
  const keys = program.command('keys').description('API keys of people')
  withData(keys.command('list').description('all of them, without secrets')).action((options: DataOptions) =>
    performOnServer(options, async (terminal, client) => {
      const found = await client.get('/keys', z.object({ keys: z.array(keyView) }))
      terminal.json(found)
      const stateOf = ({ expires, revoked }: z.infer<typeof keyView>): string => {
        if (revoked !== undefined) return `revoked ${new Date(revoked).toISOString()}`
        return expires === undefined ? 'valid' : `valid until ${new Date(expires).toISOString()}`
      }
      terminal.table(
        ['key', 'person', 'name', 'state'],
        found.keys.map((key) => [key.id, key.person, key.name, stateOf(key)]),
      )
    }),
  )
  withData(
    keys
      .command('create')
      .description('make a key for a person; its secret is shown once')
      .argument('<person>', 'per_…')
      .requiredOption('--name <text>', 'what it is for')
      .option('--expires-in <duration>', '30m, 12h, 90d', duration),
  ).action((person: string, options: DataOptions & { readonly name: string; readonly expiresIn?: number }) =>
    performOnServer(options, async (terminal, client) => {
      const { expiresIn, name } = options
      const body = { person, name, ...(expiresIn !== undefined && { expires: Date.now() + expiresIn }) }
      const made = await client.post('/keys', body, newKeyView)
      terminal.json(made)
      terminal.print(made.secret)
      terminal.say(`${made.key.id}; the secret is not shown again. Use it as MILLRACE_KEY.`)
    }),
  )
  withData(keys.command('revoke').description('end a key at once').argument('<key>', 'key_…')).action(
    (key: string, options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const revoked = await client.post(`/keys/${encodeURIComponent(key)}/revoke`, {}, keyView)
        terminal.json(revoked)
        terminal.print(`${revoked.id} opens nothing any more.`)
      }),
  )
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('It must be a duration as 30m, 12h or 90d.')
  return ms
}
