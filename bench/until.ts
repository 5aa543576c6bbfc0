import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerUnderTest } from './server-under-test.ts'

/** Resolves when the statement `of`, whose `$1` are the runs, counts `n`. */
export async function until(
  { pool }: ServerUnderTest,
  { n, of, runs }: { readonly n: number; readonly of: string; readonly runs: readonly string[] },
): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ n: number }>(of, [runs])
    if ((rows[0]?.n ?? 0) >= n) return
    await sleep(50)
  }
}
