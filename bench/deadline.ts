/** A quick benchmark ends within 50 seconds: rounds begin until this time of the process, in milliseconds. */
const quickUntil = 36_000

/** Says whether another round may begin: `least` always; more, up to `most`, of a quick benchmark only until its time is over. */
export function roundsWithin({ least, most, quick }: { least: number; most: number; quick: boolean }): () => boolean {
  let begun = 0
  return () => {
    const may = begun < least || (begun < most && !(quick && performance.now() > quickUntil))
    begun++
    return may
  }
}
