import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { TensorShape } from '../../models/dialects/tensor.ts'
import { wayTo } from '../../models/gateway/endpoint.ts'
import { tensorsOf } from '../../models/local/infer.ts'
import type { ModelVersion } from '../../models/routes/model-version.ts'
import { modelOf, type RouteVersion, versionIn } from '../../models/routes/route-version.ts'
import { kserveParameters } from '../../sdk/models.ts'
import type { ModelGateway } from '../gateway.ts'

/** A model of the Open Inference Protocol: a route's name, and the versions that may answer, who is asked first in front. */
interface Address {
  readonly name: string
  readonly speakers: readonly [ModelVersion, ...ModelVersion[]]
}

/**
 * The models of a route that speak the protocol; `version`: the one whose digest begins so. Errors: `model/no-such-version`,
 * `model/refused-by-constraint` where none speaks it.
 */
export function speakersOf(route: RouteVersion, version: string | undefined): Address['speakers'] {
  const { cascade, fallback, targets } = route.policy
  const asked = [...targets.filter(({ weight }) => weight > 0), ...targets, ...fallback, ...(cascade?.then ?? [])]
  const only = version === undefined ? undefined : versionIn(route, version)
  const digests = new Set(asked.map((one) => one.version).filter((digest) => only === undefined || digest === only))
  const [first, ...others] = [...digests]
    .map((digest) => modelOf(route, digest))
    .filter((model) => wayTo(model, 'open-inference') !== undefined && mayEmbed(model))
  if (first) return [first, ...others]
  throw new MillraceError('model/refused-by-constraint', {
    route: route.route,
    constraint: 'dialect',
    why: 'it leads to no model that speaks open-inference',
  })
}

/** A model that is asked by an adapter for embeddings; one that does not say what it can do is taken to be able. */
const mayEmbed = ({ capabilities, provider }: ModelVersion): boolean =>
  provider === 'onnx' || provider === 'kserve-v2' || capabilities?.includes('embeddings') !== false

const platforms: Readonly<Partial<Record<ModelVersion['provider'], string>>> = {
  onnx: 'onnxruntime_onnx',
  'kserve-v2': 'kserve_v2',
}

/** What the protocol tells of a model. Of one within the process it is read from the model itself, which is loaded for it. */
export async function metadataOf({ describe }: Pick<ModelGateway, 'describe'>, { name, speakers }: Address) {
  const [first] = speakers
  const tensors =
    first.provider === 'onnx'
      ? tensorsOf(await describe(first))
      : first.provider === 'kserve-v2'
        ? declaredTensors(first)
        : tensorsOf({ labels: [], width: -1 })
  return {
    name,
    versions: speakers.map(({ digest }) => digest.slice(0, 12)),
    platform: platforms[first.provider] ?? first.provider,
    ...tensors,
  }
}

/** Whether one of them is not passed over. */
export function isReady({ targets }: Pick<ModelGateway, 'targets'>, { speakers }: Address): boolean {
  const ill = targets.illnesses()
  return speakers.some(({ digest }) => !Object.hasOwn(ill, digest))
}

/** Of a server elsewhere, what its declaration says: it is not asked for it. */
function declaredTensors({ parameters }: ModelVersion): {
  inputs: readonly TensorShape[]
  outputs: readonly TensorShape[]
} {
  const { input, isColumn, output, width } = kserveParameters.parse(parameters)
  return {
    inputs: input === undefined ? [] : [{ name: input, datatype: 'BYTES', shape: isColumn ? [-1, 1] : [-1] }],
    outputs: output === undefined ? [] : [{ name: output, datatype: 'FP32', shape: [-1, width ?? -1] }],
  }
}
