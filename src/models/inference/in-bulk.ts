/** Texts of a bulk batch; sorted by length, so that padding costs little. */
const bulkBatch = 16

/**
 * Runs many texts in batches that depend on the texts alone, so that the same texts have the same rows every time. Two batches are under way at
 * once. `done` hears how many are finished.
 */
export async function inBulk(
  texts: readonly string[],
  run: (texts: readonly string[]) => Promise<Float32Array>,
  done: (count: number) => void = () => undefined,
): Promise<Float32Array[]> {
  const order = texts.map((_, i) => i).sort((a, b) => (texts[a]?.length ?? 0) - (texts[b]?.length ?? 0) || a - b)
  const rows = texts.map(() => new Float32Array(0))
  let [next, finished] = [0, 0]
  const lane = async (): Promise<void> => {
    while (next < order.length) {
      const batch = order.slice(next, (next += bulkBatch))
      const got = await run(batch.map((i) => texts[i] ?? ''))
      const width = got.length / batch.length
      for (const [place, i] of batch.entries()) rows[i] = got.slice(place * width, (place + 1) * width)
      done((finished += batch.length))
    }
  }
  await Promise.all([lane(), lane()])
  return rows
}
