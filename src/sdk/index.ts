/** What a pipeline's author imports as `millrace`. */
export { defineConfig, type Allowance, type Config, type Settings } from './config.ts'
export type { ActOutcome, Answer, Classification, Context, Found, Gate } from './context.ts'
export type { BudgetDeclaration, PriceDeclaration } from './costs.ts'
export type { Capability, DataClass, LocalRoute, ModelDeclaration, RouteDeclaration, Tier } from './models.ts'
export { claimKinds, type ClaimKind } from './grounded/claim.ts'
export { takeCitations, type Citations } from './grounded/citations.ts'
export { groundedness, type Grounds, type Unsupported } from './grounded/groundedness.ts'
export { pipeline, type AnyPipeline, type Pipeline } from './pipeline.ts'
export { embedding, extraction, prompt, type Embedding, type Extraction, type Prompt } from './prompts.ts'
export {
  action,
  classifier,
  collection,
  connector,
  event,
  file,
  reviewForm,
  rules,
  type Action,
  type Classifier,
  type Collection,
  type Connector,
  type EventType,
  type ReviewForm,
  type Rules,
} from './resources.ts'
export type { Duration } from '../core/duration.ts'
