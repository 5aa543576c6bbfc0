/** One polite live region for the whole console: pages say through it what changed under the reader. */
export function Announcer(): React.JSX.Element {
  return <div id="announcer" className="visually-hidden" aria-live="polite" aria-atomic="true" />
}

export function announce(text: string): void {
  const region = document.getElementById('announcer')
  if (region) region.textContent = text
}
