import type { Bounds } from '../cost/price.ts'
import type { ModelRequest } from '../dialects/dialect.ts'

/** What a call can use at most; `cap`: of an answer's tokens, where the client set none. */
export const boundsOf = (request: ModelRequest, cap: number): Bounds => ({
  inputBound: request.inputBound,
  outputCap: request.dialect === 'openai-embeddings' ? 0 : (request.outputCap ?? cap),
  answers: request.answers,
  hasTools: request.hasTools,
  ...(request.tier !== undefined && { tier: request.tier }),
})
