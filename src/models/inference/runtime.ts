import type * as onnx from 'onnxruntime-node'
import { type Graph } from '../onnx/graph.ts'
import './no-telemetry.ts'

export type Onnx = typeof onnx
export type Session = onnx.InferenceSession
export type Tensor = onnx.Tensor

/** Loaded when a model is first needed: a project without models does not install it. Rejects where it is not there. */
export const loadOnnx = async (): Promise<Onnx> => {
  const loaded = await import('onnxruntime-node')
  return loaded
}

/** One thread: the process has others to run, and a batch of short texts gains nothing from more. */
export const openSession = (onnx: Onnx, model: Uint8Array, threads = 1): Promise<Session> =>
  onnx.InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
  })

export const openGraph = (onnx: Onnx, graph: Graph, threads = 1): Promise<Session> =>
  openSession(onnx, graph.bytes(), threads)

/** The float32 values of an output. Throws where the model has no such output. */
export function floatsOf(outputs: onnx.InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = outputs[name]?.data
  if (!(data instanceof Float32Array)) throw new TypeError(`the model has no float output ${name}`)
  return data
}
