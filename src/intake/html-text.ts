import { convert } from 'html-to-text'

/** Longer HTML is cut: a letter of a person is not that long. */
const mostHtml = 1_000_000
/** The converter recurses: at 10,000 nested tags it overflows, at 50,000 it takes 3 s. */
const mostNesting = 500

/** The text of an HTML mail, quotes with `> ` before each line, so that the rules for text find them. Loads nothing. */
export function htmlText(html: string): string {
  const cut = html.slice(0, mostHtml)
  if (depthOf(cut) > mostNesting) return withoutTags(cut)
  return convert(cut, {
    wordwrap: false,
    selectors: [
      { selector: 'img', format: 'skip' },
      { selector: 'a', options: { ignoreHref: true } },
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
      { selector: 'table', format: 'block' },
    ],
  })
}

const empty = new Set('area base br col embed hr img input link meta source track wbr'.split(' '))

/** How deep tags are nested at most, by a linear scan; what is never closed counts as open. */
function depthOf(html: string): number {
  let [depth, most] = [0, 0]
  for (const [, slash, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9]{0,10})/gi)) {
    if (empty.has(name.toLowerCase())) continue
    depth = slash ? Math.max(0, depth - 1) : depth + 1
    most = Math.max(most, depth)
  }
  return most
}

const breaks = /^<\/?(?:br|p|div|tr|li|h[1-6]|blockquote)\b/i
const hidden = /^<(style|script|head|title)\b/i
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** Text alone, for HTML that the converter cannot take: in one pass, without its structure. */
function withoutTags(html: string): string {
  const pieces: string[] = []
  for (let at = 0; at < html.length;) {
    const tag = html.indexOf('<', at)
    pieces.push(html.slice(at, tag < 0 ? html.length : tag))
    if (tag < 0) break
    const end = html.indexOf('>', tag)
    if (end < 0) break
    const text = html.slice(tag, Math.min(end, tag + 20))
    const [, name] = hidden.exec(text) ?? []
    pieces.push(breaks.test(text) ? '\n' : ' ')
    const close = name === undefined ? -1 : html.indexOf(`</${name}`, end)
    if (name !== undefined && close < 0) break // never closed: a browser shows nothing of the rest either
    at = close < 0 ? end + 1 : close
  }
  return pieces.join('').replaceAll(/&(#?[a-z0-9]{1,8});/gi, (whole, name: string) => entities[name] ?? whole)
}
