import type { BodyChange, ModelRequest } from './dialect.ts'

/** The fields that a model's version sets and the client did not. */
export const defaultsFor = ({ json }: ModelRequest, { defaults = new Map() }: BodyChange): Map<string, string> =>
  new Map([...defaults].filter(([name]) => !Object.hasOwn(json, name)))
