import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, makeApi } from './api.ts'
import { ownerOnly } from './people-routes.ts'

export const effectsView = z
  .object({
    held: z
      .object({
        since: z.number().openapi({ description: 'Milliseconds since 1970.' }),
        backupMade: z.number().openapi({ description: 'What happened after this moment is not known here.' }),
      })
      .optional()
      .openapi({ description: 'Absent: runs go on by themselves.' }),
  })
  .openapi('Effects')

/** Whether effects are held after a restore, and their release, which only the owner may order. */
export function effectsRoutes(planes: Planes): Api {
  const { hold, unattended } = planes
  const api = makeApi()
  api.use('/effects/release', ownerOnly(planes))
  return api
    .openapi(
      createRoute({ method: 'get', path: '/effects', responses: { 200: answers(effectsView, 'Held, or not.') } }),
      async (c) => {
        const found = await hold.read()
        return c.json({ ...(found && { held: { since: found.since, backupMade: found.backupMade } }) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/effects/release',
        responses: { 200: answers(effectsView, 'They are released: what waited goes on now.') },
      }),
      async (c) => {
        if (!(await hold.release(c.get('principal').person.id))) throw new MillraceError('backup/nothing-held', {})
        await unattended.start()
        return c.json({}, 200)
      },
    )
}
