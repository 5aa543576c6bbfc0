/** A source's id in double brackets, and the space before it: `up to two hours [[transfer-duration]]`. */
const mark = /[ \t]*\[\[\s*([^[\]]{1,200}?)\s*\]\]/g

export interface Citations {
  /** Without the marks. */
  readonly text: string
  /** Ids of sources, each once, in the order in which they are named. */
  readonly cited: readonly string[]
  /** What is named and is no source. */
  readonly unknown: readonly string[]
}

/** Takes the marks of a draft's sources out of it. Several in one mark are separated by commas. */
export function takeCitations(draft: string, sources: readonly string[]): Citations {
  const named = [...draft.matchAll(mark)].flatMap(([, ids = '']) => ids.split(/\s*[,;]\s*/).filter((id) => id !== ''))
  const known = new Set(sources)
  const each = [...new Set(named)]
  return {
    text: draft.replaceAll(mark, ''),
    cited: each.filter((id) => known.has(id)),
    unknown: each.filter((id) => !known.has(id)),
  }
}
