import type { Tone } from '../ui/status.tsx'
import { count, plural } from '../ui/format.ts'
import type { OverviewView } from './overview.tsx'

/** One line of what people are asked to do, and the list that holds it. */
export interface Need {
  readonly name: string
  readonly note: string
  readonly count: number
  readonly tone: Tone
  readonly to: '/runs' | '/pipelines' | '/intake'
  readonly search?: Readonly<Record<string, string | boolean>>
}

/** What needs somebody, the most urgent first; nothing is listed that is zero. */
export function needsOf({ needs }: Pick<OverviewView, 'needs'>): readonly Need[] {
  const late = needs.overdue > 0 ? `${count(needs.overdue)} past their due time` : 'none is late'
  const queues = needs.queues.map(({ items, queue }) => `${queue} ${count(items)}`).join(', ')
  const all: readonly Need[] = [
    {
      name: 'questions for a person',
      note: `${late} · ${queues}`,
      count: needs.items,
      tone: needs.overdue > 0 ? 'bad' : 'warn',
      to: '/runs',
      search: { status: 'waiting' },
    },
    {
      name: 'paused runs',
      note: 'they wait for somebody who resumes or cancels them',
      count: needs.paused,
      tone: 'bad',
      to: '/runs',
      search: { status: 'paused' },
    },
    {
      name: 'dead letters',
      note: 'messages that no run could be made of',
      count: needs.letters,
      tone: 'bad',
      to: '/intake',
    },
    {
      name: 'held runs',
      note: 'decided, and changing nothing until they are released',
      count: needs.held,
      tone: 'info',
      to: '/runs',
      search: { held: true },
    },
    {
      name: `paused ${needs.pausedPipelines.length === 1 ? 'pipeline' : 'pipelines'}`,
      note: `${needs.pausedPipelines.join(', ')}: ${plural(needs.pausedPipelines.length, 'takes', 'take')} no new runs`.replace(
        /\d+ (?=takes?)/,
        '',
      ),
      count: needs.pausedPipelines.length,
      tone: 'warn',
      to: '/pipelines',
    },
  ]
  return all.filter((need) => need.count > 0)
}
