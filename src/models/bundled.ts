import { fileURLToPath } from 'node:url'

/** The text encoder that comes with Millrace: what heads are trained on. */
export const bundledEncoder: string = fileURLToPath(new URL('../../models/mini-en', import.meta.url))
