import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'

/** Deep water: enough contrast for white text from the seventh shade on, and for black on the first five. */
const race: MantineColorsTuple = [
  '#e8f6f3',
  '#d0ebe5',
  '#a2d8cc',
  '#71c4b1',
  '#4bb39b',
  '#2f9f87',
  '#158770',
  '#0b6e5f',
  '#085a4d',
  '#04463c',
]

export const theme = createTheme({
  primaryColor: 'race',
  colors: { race },
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
})

/** Mantine's own grey text has too little contrast for WCAG AA: its names are led to ours, in styles.css. */
const ours = {
  '--mantine-color-body': 'var(--ground)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--dim)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-hover': 'var(--hover)',
  '--mantine-color-default-border': 'var(--line-strong)',
  '--mantine-color-placeholder': 'var(--dim)',
  '--mantine-color-error': 'var(--bad)',
  '--mantine-color-anchor': 'var(--accent)',
}
export const variables: CSSVariablesResolver = () => ({ variables: {}, light: ours, dark: ours })
