/** A document's version, as an answer names what it was made from. */
export const sourceName = (source: {
  readonly collection: string
  readonly document: string
  readonly version: string
}): string => `${source.collection}/${source.document}@${source.version}`

/** A document in whichever version: what an answer that does not know the version was made from. */
export const documentName = ({
  collection,
  document,
}: {
  readonly collection: string
  readonly document: string
}): string => `${collection}/${document}`
