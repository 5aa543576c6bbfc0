/** Takes the code out of the address and out of the history: who looks over a shoulder, or back, finds none. */
export function takeCode(): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get('code') ?? location.hash.slice(1)
  if (code === '') return undefined
  history.replaceState(history.state, '', location.pathname)
  return code
}
