import { z } from 'zod'
import { digestOf } from '../../core/json.ts'
import {
  capabilities,
  type DataClass,
  dataClasses,
  type ModelDeclaration,
  modelDeclaration,
  tiers,
} from '../../sdk/models.ts'

/** What is asked for a model's answers, and so which dialect it speaks. */
export const providerKinds = ['openai', 'anthropic', 'openai-compatible', 'kserve-v2', 'onnx', 'template'] as const
export type ProviderKind = (typeof providerKinds)[number]

/** What a version says, as the registry keeps it. Everything that shapes an answer, a price or what may be sent there; no key. */
export const versionContent = z.strictObject({
  model: z.string(),
  provider: z.enum(providerKinds),
  /** The model's name at its provider; of a model within this process, its weights' SHA-256. */
  upstream: z.string(),
  url: z.string().optional(),
  /** Where the weights lie, relative to the project. */
  directory: z.string().optional(),
  parameters: z.record(z.string(), z.json()),
  region: z.string().optional(),
  sees: z.array(z.enum(dataClasses)),
  tier: z.enum(tiers),
  capabilities: z.array(z.enum(capabilities)).optional(),
})
type Content = z.output<typeof versionContent>

/** One immutable version of a model. Two with the same digest say the same. */
export interface ModelVersion extends Content {
  /** SHA-256 hex of the content. */
  readonly digest: string
}

/** The weights of a template: what it answers follows from prompt and input alone. */
const noWeights = digestOf({ kind: 'template', format: 1 })

/**
 * The version that a declaration describes. `weights`: the SHA-256 of a model's files, where it runs in this process.
 * Only what is declared counts, so that another order of fields, or another key of the same account, is the same version.
 */
export function versionOf(model: string, declaration: ModelDeclaration, weights?: string): ModelVersion {
  const { provider, region, tier, capabilities: able, ...rest } = modelDeclaration.parse(declaration)
  const isWithin = provider === 'onnx' || provider === 'template'
  if (provider === 'onnx' && weights === undefined) throw new TypeError(`the digest of ${model}'s weights is needed`)
  return contentVersion({
    model,
    provider,
    upstream: 'model' in rest ? rest.model : (weights ?? noWeights),
    ...('url' in rest && rest.url !== undefined && { url: rest.url.replace(/\/+$/, '') }),
    ...('directory' in rest && { directory: rest.directory }),
    parameters: 'parameters' in rest ? said(rest.parameters) : {},
    ...(region !== undefined && { region }),
    sees: inOrder(rest.sees ?? (isWithin ? dataClasses : ['public'])),
    tier,
    ...(able && { capabilities: capabilities.filter((one) => able.includes(one)) }),
  })
}

const said = (parameters: Readonly<Record<string, Content['parameters'][string] | undefined>>): Content['parameters'] =>
  Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  )

const inOrder = (sees: readonly DataClass[]): DataClass[] => dataClasses.filter((one) => sees.includes(one))

/** The version with this content. */
export const contentVersion = (content: Content): ModelVersion => ({ ...content, digest: digestOf(content) })

/** As people and messages name it: `small@0f1e2d3c4b5a`. */
export const nameOf = ({ model, digest }: Pick<ModelVersion, 'model' | 'digest'>): string =>
  `${model}@${digest.slice(0, 12)}`
