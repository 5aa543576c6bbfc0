/** A strict reader of Prometheus's text format 0.0.4, for tests: what is not exactly so is an error. */

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const label = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`
const sampleLine = new RegExp(
  `^(${metricName})(?:\\{(${label}(?:,${label})*)\\})? (\\+Inf|-Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)$`,
  'u',
)
const headLine = new RegExp(`^# (HELP|TYPE) (${metricName}) (.+)$`, 'us')
const suffixes = { counter: [''], gauge: [''], histogram: ['_bucket', '_sum', '_count'] } as const

/** Errors: what is wrong, and in which line. */
export function readExposition(text: string): readonly Family[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end')
  const families: Family[] = []
  const seen = new Set<string>()
  for (const line of text.split('\n').slice(0, -1)) {
    const head = headLine.exec(line)
    if (head) readHead(families, head)
    else readSample(families, seen, line)
  }
  for (const family of families) checkFamily(family)
  return families
}

function readHead(families: Family[], [, kind, name = '', rest = '']: RegExpExecArray): void {
  if (kind === 'HELP') {
    if (families.some((family) => family.name === name)) throw new Error(`${name} stands twice`)
    families.push({
      name,
      help: rest.replaceAll(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : String(c))),
      type: '',
      samples: [],
    })
    return
  }
  const last = families.pop()
  if (last?.name !== name || last.type !== '') throw new Error(`the type of ${name} does not follow its help`)
  families.push({ ...last, type: rest })
}

function readSample(families: Family[], seen: Set<string>, line: string): void {
  const [, name = '', labels = '', value = ''] = sampleLine.exec(line) ?? []
  const family = families.at(-1)
  const known = Object.entries(suffixes).find(([type]) => type === family?.type)?.[1] ?? []
  if (!family || !known.some((suffix) => family.name + suffix === name))
    throw new Error(`no sample of its metric: ${line}`)
  if (seen.has(`${name}{${labels}}`)) throw new Error(`twice: ${line}`)
  seen.add(`${name}{${labels}}`)
  const read = [...labels.matchAll(new RegExp(label, 'gu'))].map(([pair]) => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at), pair.slice(at + 2, -1).replaceAll(/\\(.)/gs, (_, c) => (c === 'n' ? '\n' : String(c)))]
  })
  family.samples.push({ name, labels: Object.fromEntries(read), value: Number(value.replace('Inf', 'Infinity')) })
}

function checkFamily({ name, type, samples }: Family): void {
  if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type}`)
  if (samples.length === 0) throw new Error(`${name} has no sample`)
  if (type !== 'histogram') return
  const series = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: '' }))
  for (const [which, mine] of series) {
    const buckets = mine.filter((sample) => sample.name === `${name}_bucket`)
    const counts = buckets.map((sample) => sample.value)
    const count = mine.find((sample) => sample.name === `${name}_count`)?.value
    const isRising = counts.every((value, n) => n === 0 || value >= (counts[n - 1] ?? 0))
    if (!isRising || buckets.at(-1)?.labels['le'] !== '+Inf' || counts.at(-1) !== count)
      throw new Error(`${name} ${which} does not add up`)
  }
}
