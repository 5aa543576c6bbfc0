import type { Json } from '../../core/json.ts'
import type { Rules } from '../../sdk/resources.ts'

/** The column that says which row matched; taken off the answer again. */
export const rowColumn = '$row'

/**
 * A typed table as GoRules' JDM (https://docs.gorules.io/developers/jdm/standard): input -> first-hit decision table -> output. Cells of
 * inputs are unary tests, cells of outputs are JSON.
 */
export function compileRules(rules: Rules<unknown, unknown>): Json {
  if ('jdm' in rules.table) return rules.table.jdm
  const rows = rules.table.rows.map((row) => ({
    if: Object.entries(row.if as Record<string, unknown>),
    give: row.give as Record<string, Json>,
  })) // rows are objects by their types
  const fields = [...new Set(rows.flatMap((row) => row.if.map(([field]) => field)))]
  const outputs = [
    ...new Set([...rows.flatMap((row) => Object.keys(row.give)), ...Object.keys(rules.table.otherwise as object)]),
  ]
  const anything = Object.fromEntries(fields.map((field) => [`in-${field}`, ''])) // a cell that is missing matches nothing, an empty one everything
  const answer = (give: Record<string, Json>, n: number): Record<string, string> =>
    Object.fromEntries([
      ...outputs.flatMap((field): [string, string][] =>
        field in give ? [[`out-${field}`, JSON.stringify(give[field])]] : [],
      ),
      ['out-row', String(n)],
    ])
  const table = {
    hitPolicy: 'first',
    inputs: fields.map((field) => ({ id: `in-${field}`, name: field, field })),
    outputs: [
      ...outputs.map((field) => ({ id: `out-${field}`, name: field, field })),
      { id: 'out-row', name: rowColumn, field: rowColumn },
    ],
    rules: [
      ...rows.map((row, n) => ({
        _id: `row-${n}`,
        ...anything,
        ...Object.fromEntries(row.if.map(([field, condition]) => [`in-${field}`, cell(condition)])),
        ...answer(row.give, n),
      })),
      { _id: 'otherwise', ...anything, ...answer(rules.table.otherwise as Record<string, Json>, -1) },
    ],
  }
  return {
    nodes: [
      { id: 'input', type: 'inputNode', name: 'input', position: { x: 0, y: 0 } },
      { id: 'table', type: 'decisionTableNode', name: rules.name, position: { x: 200, y: 0 }, content: table },
      { id: 'output', type: 'outputNode', name: 'output', position: { x: 400, y: 0 } },
    ],
    edges: [
      { id: 'e1', type: 'edge', sourceId: 'input', targetId: 'table' },
      { id: 'e2', type: 'edge', sourceId: 'table', targetId: 'output' },
    ],
  }
}

/** One input cell: `"refund"`, `"a", "b"`, `< 0.9`, `> 1 and <= 5`. */
function cell(condition: unknown): string {
  if (condition === null || typeof condition !== 'object') return JSON.stringify(condition)
  if ('in' in condition && Array.isArray(condition.in)) return condition.in.map((one) => JSON.stringify(one)).join(', ')
  if ('not' in condition) return `$ != ${JSON.stringify(condition.not)}`
  const signs = { lt: '<', lte: '<=', gt: '>', gte: '>=' } as const
  return Object.entries(condition)
    .map(([name, bound]) => `$ ${signs[name as keyof typeof signs]} ${Number(bound)}`)
    .join(' and ')
}
