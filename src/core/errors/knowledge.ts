import { entry } from './entry.ts'

/** Errors of collections, their documents and the search in them. */
export const knowledgeErrors = {
  'knowledge/no-such-collection': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such collection',
    sample: { collection: 'canned-replies', known: 'handbook' },
    message: (d) =>
      `There is no collection ${d.collection} here; this server has: ${d.known}. Check the name, or add the collection to millrace.config.ts.`,
  }),
  'knowledge/no-documents': entry({
    status: 422,
    retry: 'never',
    title: 'The folder has no documents',
    sample: { path: './replies', why: 'ENOENT' },
    message: (d) =>
      `No documents can be read from ${d.path} (${d.why}). The path in millrace.config.ts is most likely wrong. Name a folder that exists, that this user may read, and that holds .md files.`,
  }),
  'knowledge/bad-document': entry({
    status: 422,
    retry: 'never',
    title: 'A document cannot be taken in',
    sample: { source: 'cards/card-arrival.md', why: 'its front matter does not end' },
    message: (d) =>
      `The document ${d.source} cannot be taken in: ${d.why}. Nothing of the collection was changed. Mend the document and start again.`,
  }),
  'knowledge/bad-embedding': entry({
    status: 500,
    retry: 'never',
    title: 'The encoder answers no usable vector',
    sample: { encoder: '83f606b977078134', why: 'it has 0 numbers' },
    message: (d) =>
      `The encoder ${d.encoder} answered a vector that cannot be used: ${d.why}. Its model file is most likely damaged or of another kind. Put the right file back and start again.`,
  }),
  'knowledge/damaged-index': entry({
    status: 500,
    retry: 'never',
    title: 'The collection’s vectors are damaged',
    sample: { collection: 'canned-replies', why: 'vectors of 1536 and 12 bytes' },
    message: (d) =>
      `The stored vectors of ${d.collection} cannot be searched: ${d.why}. Rows were altered, or written by a faulty encoder. Restore the table chunk from a backup, or delete the collection's rows there and start again.`,
  }),
  'knowledge/too-large': entry({
    status: 422,
    retry: 'never',
    title: 'The collection is too large to be searched in memory',
    sample: { collection: 'canned-replies', most: 200_000 },
    message: (d) =>
      `The collection ${d.collection} has more than ${d.most} chunks, which is the most that is held in memory for exact search. Split it into several collections.`,
  }),
} as const
