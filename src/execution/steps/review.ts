import type { Json } from '../../core/json.ts'
import type { Answer, Context } from '../../sdk/context.ts'
import type { Corridor } from '../corridor/corridor.ts'
import { askPerson, isExpired } from './ask-person.ts'

/** A question to a person without an effect; may answer `expired`. */
export async function reviewStep(
  corridor: Corridor,
  ...[form, show, options]: Parameters<Context['review']>
): Promise<Answer<never>> {
  const { queue, priority = 2, due, expires, why, key } = options
  const answer = await askPerson(corridor, {
    form,
    show: show as Json,
    kind: 'answer',
    queue,
    priority,
    due,
    expires,
    why: [why ?? 'question'],
    authorKey: key,
  })
  if (isExpired(answer)) return { outcome: 'expired' }
  return { outcome: 'answered', value: answer.value as never, reason: answer.reason ?? undefined }
}
