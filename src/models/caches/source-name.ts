/** A document's version, as an answer names what it was made from. */
export const sourceName = (source: {
  readonly collection: string
  readonly document: string
  readonly version: string
}): string => `${source.collection}/${source.document}@${source.version}`
