const comments = /\{\{!--[\s\S]*?--\}\}|\{\{![\s\S]*?\}\}/g
const tags = /\{\{\{?\s*([#/^>&]?)\s*([^{}]*?)\s*\}?\}\}/g
const literals = /"[^"]*"|'[^']*'/g
/** Of Dotprompt and Handlebars. */
const helpers: ReadonlySet<string> = new Set(
  'if unless each with lookup log json role history section media ifEquals unlessEquals'.split(' '),
)
const notFields: ReadonlySet<string> = new Set(['else', 'this', 'true', 'false', 'null', 'undefined'])

/**
 * The fields of its input that a template names, outside of `each` and `with`, whose insides name fields of something else. A name that the
 * input does not have would be filled with nothing, and the model asked about nothing.
 */
export function namesIn(template: string): ReadonlySet<string> {
  const names = new Set<string>()
  const given = new Set<string>()
  let inside = 0
  for (const [, mark, text = ''] of template.replaceAll(comments, '').matchAll(tags)) {
    const words = text
      .replaceAll(literals, ' ')
      .replace(/\bas \|([^|]*)\|/, (_, own: string) => {
        for (const name of own.split(/\s+/)) given.add(name)
        return ' '
      })
      .replaceAll(/[\w-]+=/g, ' ')
      .split(/[\s()]+/)
      .filter((word) => word !== '')
    const [first = ''] = words
    const opens = first === 'each' || first === 'with'
    if (mark === '/') {
      if (opens) inside--
      continue
    }
    if (mark !== '>' && inside === 0)
      for (const word of words) if (isField(word)) names.add(word.split(/[./[]/)[0] ?? word)
    if (mark === '#' && opens) inside++
  }
  return names.difference(given)
}

const isField = (word: string): boolean => /^[A-Za-z_]/.test(word) && !helpers.has(word) && !notFields.has(word)
