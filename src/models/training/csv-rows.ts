import { readFile } from 'node:fs/promises'
import { CsvError, parse } from 'csv-parse/sync'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { sha256 } from '../../core/json.ts'
import { codeOf } from '../directory/open-directory.ts'

/** The label of texts that belong to no label. */
export const outOfScope = 'out_of_scope'

export interface LabelledText {
  readonly text: string
  readonly label: string
  /** Where the row ends in the file, from 1. */
  readonly line: number
}

export interface LabelledTexts {
  readonly path: string
  readonly rows: readonly LabelledText[]
  /** SHA-256 of the file. */
  readonly digest: string
}

const mostBytes = 512 * 1024 * 1024

/**
 * Reads labelled texts from a CSV file with the columns `text`, and `label` or `category`. Errors: `model/bad-csv`, `model/missing-column`.
 */
export async function readLabelledTexts(path: string): Promise<LabelledTexts> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new MillraceError('model/bad-csv', { path, why }, { cause })
  }
  const bytes = await readFile(path).catch((error: unknown) => refuse(`it cannot be read (${codeOf(error)})`, error))
  if (bytes.length > mostBytes) refuse(`it has more than ${mostBytes} bytes`)
  const text = decode(bytes) ?? refuse('it is not UTF-8')
  const [header, ...records] = parseRecords(text, refuse)
  if (!header) return refuse('it is empty')
  const names = header.fields.map((name) => name.trim().toLowerCase())
  const columnOf = (...wanted: [string, ...string[]]): number => {
    const column = wanted.map((name) => names.indexOf(name)).find((at) => at >= 0)
    if (column !== undefined) return column
    const found = header.fields.join(', ').slice(0, 200)
    throw new MillraceError('model/missing-column', { path, missing: wanted.join(' or '), found })
  }
  const [textAt, labelAt] = [columnOf('text'), columnOf('label', 'category')]
  const rows = records.map(({ fields, line }) => {
    const row = { text: fields[textAt]?.trim() ?? '', label: fields[labelAt]?.trim() ?? '', line }
    if (row.text === '') refuse(`line ${line} has no text`)
    if (row.label === '') refuse(`line ${line} has no label`)
    return row
  })
  if (rows.length === 0) refuse('it has a header and no rows')
  return { path, rows, digest: sha256(bytes) }
}

interface CsvRecord {
  readonly fields: readonly string[]
  readonly line: number
}

function parseRecords(text: string, refuse: (why: string, cause?: unknown) => never): CsvRecord[] {
  try {
    // eslint-disable-next-line typescript/no-unsafe-type-assertion -- with `info` each record comes with where it was
    const parsed = parse(text, { info: true, skip_empty_lines: true }) as unknown as {
      readonly record: string[]
      readonly info: { readonly lines: number }
    }[]
    return parsed.map(({ record, info }) => ({ fields: record, line: info.lines }))
  } catch (error) {
    return refuse(error instanceof CsvError ? whyOf(error) : 'it is not CSV', error)
  }
}

function whyOf(error: CsvError): string {
  const line = typeof error['lines'] === 'number' ? `line ${error['lines']}: ` : ''
  return `${line}${reasons[error.code] ?? `it is not CSV (${error.code})`}`
}

const uneven = 'a row has more or fewer fields than the header; quote texts that contain a comma'
const reasons: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: uneven,
  CSV_RECORD_INCONSISTENT_COLUMNS: uneven,
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes) // a byte order mark is dropped
  } catch {
    return undefined
  }
}
