import { IconGauge, IconMailExclamation, IconPlayerPlay, IconRoute, type Icon } from '@tabler/icons-react'

/** A place of the console: only those whose page exists stand here. `key`: after `G`. */
export interface Place {
  readonly to: '/' | '/runs' | '/pipelines' | '/intake'
  readonly name: string
  readonly key: string
  readonly icon: Icon
  readonly about: string
}

export const places: readonly Place[] = [
  { to: '/', name: 'Overview', key: 'o', icon: IconGauge, about: 'What the system did today, and what it needs' },
  { to: '/runs', name: 'Runs', key: 'r', icon: IconPlayerPlay, about: 'Every run: its steps, its cause, its cost' },
  { to: '/pipelines', name: 'Pipelines', key: 'p', icon: IconRoute, about: 'What runs did, drawn; pause and resume' },
  { to: '/intake', name: 'Intake', key: 'd', icon: IconMailExclamation, about: 'Dead letters: why, and once more' },
]
