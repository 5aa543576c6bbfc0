export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'idle'

/** Each state has one tone everywhere; the word says it too, for whoever sees no colours. */
const tones: Readonly<Record<string, Tone>> = {
  running: 'info',
  retrying: 'warn',
  waiting: 'warn',
  paused: 'bad',
  succeeded: 'ok',
  done: 'ok',
  failed: 'bad',
  denied: 'bad',
  killed: 'bad',
  cancelled: 'idle',
  'timed-out': 'warn',
}

export const toneOf = (state: string): Tone => tones[state] ?? 'idle'

export function Status({ state, tone }: { readonly state: string; readonly tone?: Tone }): React.JSX.Element {
  return (
    <span className="status" data-tone={tone ?? toneOf(state)}>
      {state}
    </span>
  )
}
