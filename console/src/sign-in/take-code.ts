/**
 * Takes the one-time code out of the address (`#code=…`) and out of the history, before anything else happens: a fragment never reaches a server
 * or its log, and who looks over a shoulder, or goes back, finds none.
 */
export function takeCode(): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get('code')
  if (code === null || code === '') return undefined
  history.replaceState(history.state, '', location.pathname)
  return code
}
