import { ActionIcon, useMantineColorScheme } from '@mantine/core'
import { IconDeviceDesktop, IconMoon, IconSun } from '@tabler/icons-react'

const schemes = {
  auto: { next: 'light', icon: IconDeviceDesktop, name: 'as the system' },
  light: { next: 'dark', icon: IconSun, name: 'light' },
  dark: { next: 'auto', icon: IconMoon, name: 'dark' },
} as const

/** Light, dark, or as the system has it: one button, each press the next. */
export function SchemeButton(): React.JSX.Element {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const { icon: Icon, name, next } = schemes[colorScheme]
  const label = `Colours: ${name}. Change to ${schemes[next].name}`
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={label} title={label} onClick={() => setColorScheme(next)}>
      <Icon size={17} color="var(--dim)" />
    </ActionIcon>
  )
}
