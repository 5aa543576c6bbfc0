import { parseArgs } from 'node:util'
import type { Bench, Measured } from './bench.ts'

/** Every benchmark, loaded only when it runs: each brings engines or models of its own. */
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  classify: async () => (await import('./classify.ts')).classify,
  engine: async () => (await import('./engine.ts')).engine,
  gateway: async () => (await import('./gateway.ts')).gateway,
  hostile: async () => (await import('./hostile.ts')).hostile,
  inference: async () => (await import('./inference.ts')).inference,
  intake: async () => (await import('./intake.ts')).intake,
  memory: async () => (await import('./memory.ts')).memory,
  storm: async () => (await import('./storm.ts')).storm,
  streams: async () => (await import('./streams.ts')).streamsBench,
  triage: async () => (await import('./triage.ts')).triage,
  waiting: async () => (await import('./waiting.ts')).waiting,
}

/** The last line on standard output: for programs. */
function line({ name, unit }: Bench, { ours, reference }: Measured): string {
  const rounded = (n: number): number => Number(n.toPrecision(4))
  return JSON.stringify({
    bench: name,
    ours: rounded(ours),
    reference: reference === null ? null : rounded(reference),
    ratio: reference === null ? null : rounded(ours / reference),
    unit,
  })
}

/** `npm run bench -- NAME [--quick]`. 0: measured; 1: it could not be measured; 2: no such benchmark. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean' } } })
  const [name = ''] = positionals
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined
  if (!load || positionals.length !== 1) {
    console.error(`usage: npm run bench -- NAME [--quick], where NAME is one of: ${Object.keys(benches).join(', ')}`)
    return 2
  }
  const bench = await load()
  const measured = await bench.run({ quick: values.quick === true })
  console.table(measured.rows)
  console.log(line(bench, measured))
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof TypeError && 'code' in error ? 2 : 1
}
