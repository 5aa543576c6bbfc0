/** What the palette can do. */
export type Command =
  | {
      readonly do: 'go'
      readonly name: string
      readonly about: string
      readonly to: string
      readonly search?: Readonly<Record<string, string>>
    }
  | { readonly do: 'help'; readonly name: string; readonly about: string }

interface Named {
  readonly to: string
  readonly name: string
  readonly about: string
}

/** What fits the text, the best first. A run's id opens it; anything else may be a customer. */
export function commandsFor(text: string, places: readonly Named[]): readonly Command[] {
  const wanted = text.trim().toLowerCase()
  const named = places.map(({ about, name, to }): Command => ({ do: 'go', name, about, to }))
  const all: readonly Command[] = [...named, { do: 'help', name: 'Keys', about: 'Every key and what it does' }]
  if (wanted === '') return all
  const found = all
    .filter(({ about, name }) => `${name} ${about}`.toLowerCase().includes(wanted))
    .toSorted((a, b) => rank(a, wanted) - rank(b, wanted))
  if (/^run_[0-9a-f]{32}$/.test(wanted))
    return [{ do: 'go', name: `Open ${wanted}`, about: 'Run', to: `/runs/${wanted}` }, ...found]
  const typed = text.trim()
  return [
    ...found,
    { do: 'go', name: `Runs of “${typed}”`, about: 'By customer', to: '/runs', search: { entity: typed } },
  ]
}

const rank = ({ name }: Command, wanted: string): number => (name.toLowerCase().startsWith(wanted) ? 0 : 1)
