/** The way of cutting: written beside every chunk, and changed with every change below, so that no two ways are mixed. */
export const chunking = 'paragraphs-1000/1'

/** About 220 word pieces: an encoder that reads 256 sees the whole chunk. */
export const mostCharacters = 1000

/**
 * Cuts a text into chunks of whole paragraphs, as many as fit. A paragraph that is too long is cut after a sentence, a sentence between
 * words, a word anywhere but inside a character. Blanks at the cuts are dropped, nothing else is.
 */
export function chunksOf(text: string): string[] {
  const pieces = text.split(/\n[^\S\n]*\n/).flatMap((paragraph) => fit(paragraph.trim()))
  const chunks: string[] = []
  for (const piece of pieces) {
    const last = chunks.at(-1)
    if (last !== undefined && last.length + 2 + piece.length <= mostCharacters)
      chunks[chunks.length - 1] = `${last}\n\n${piece}`
    else if (piece !== '') chunks.push(piece)
  }
  return chunks
}

function fit(paragraph: string): string[] {
  const pieces: string[] = []
  let rest = paragraph
  while (rest.length > mostCharacters) {
    const at = cutOf(rest)
    pieces.push(rest.slice(0, at).trim())
    rest = rest.slice(at).trim()
  }
  return [...pieces, rest].filter((piece) => piece !== '')
}

/** Where a text that is too long is cut: after its last sentence that fits if that is past the middle, else at its last blank, else hard. */
function cutOf(text: string): number {
  const window = text.slice(0, mostCharacters)
  const sentence = Math.max(...['. ', '! ', '? ', '.\n', '!\n', '?\n'].map((end) => window.lastIndexOf(end))) + 1
  if (sentence > mostCharacters / 2) return sentence
  const blank = Math.max(window.lastIndexOf(' '), window.lastIndexOf('\n'))
  if (blank > 0) return blank
  const isInsideCharacter = /[\ud800-\udbff]$/.test(window) && /^[\udc00-\udfff]/.test(text.slice(mostCharacters))
  return isInsideCharacter ? mostCharacters - 1 : mostCharacters
}
