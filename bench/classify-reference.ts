import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { Tokenizer } from '@huggingface/tokenizers'
import { InferenceSession, Tensor } from 'onnxruntime-node'

// The reference: bare ONNX Runtime in a worker, as one would write it by hand. It gets all texts at once, so it can sort them by length; the size
// of its batches is chosen by whoever asks. No head, no queue, no answer for each caller.

const directory = workerData as string // given by bench/classify.ts
const read = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(directory, name), 'utf8')) as Record<string, unknown> // the model's own files
const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'))
const session = await InferenceSession.create(join(directory, 'model.onnx'), { intraOpNumThreads: 1 })

async function embed(texts: readonly string[], size: number): Promise<number> {
  const all = texts.map((text) => tokenizer.encode(text).ids).sort((a, b) => a.length - b.length)
  for (let from = 0; from < all.length; from += size) {
    const batch = all.slice(from, from + size)
    const width = batch.at(-1)?.length ?? 0
    const [ids, mask] = [new BigInt64Array(batch.length * width), new BigInt64Array(batch.length * width)]
    for (const [row, ofText] of batch.entries())
      for (const [column, id] of ofText.entries()) {
        ids[row * width + column] = BigInt(id)
        mask[row * width + column] = 1n
      }
    const shape = [batch.length, width]
    await session.run({
      input_ids: new Tensor('int64', ids, shape),
      attention_mask: new Tensor('int64', mask, shape),
    })
  }
  return all.length
}

parentPort?.on('message', ({ texts, size }: { readonly texts: readonly string[]; readonly size: number }) => {
  void embed(texts, size).then((count) => parentPort?.postMessage(count))
})
parentPort?.postMessage('ready')
