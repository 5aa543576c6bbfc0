import { isMillraceError } from '../core/errors/millrace-error.ts'
import type { Pool } from '../store/pool.ts'
import { openFirstLine } from './content.ts'
import type { ItemPage, ItemSummary, ListItems } from './item.ts'
import { decodeCursor, encodeCursor } from './list-cursor.ts'
import type { ReviewKeys } from './ports.ts'
import { summaryColumns, summaryOf, type SummaryRow } from './rows.ts'

const usualPage = 50
const longestPage = 200

/** Micros since 1970, exact; null sorts as 'infinity'. */
const dueMicros = `(extract(epoch from i.due) * 1000000)::bigint::text`
type ListedRow = SummaryRow & { readonly due_micros: string | null }

/**
 * Owns: reading items as a list. Does not own: their content: a body is never loaded, and of what is sealed only the first line opened.
 *
 * 1. Keyset pages: an item that neither moves nor settles meanwhile is on exactly one of them, whatever arrives. (Offsets would skip and repeat.)
 * 2. An item that cannot be read, as its person was erased, is listed as such and stops no other.
 */
export class ItemLists {
  readonly #pool: Pool
  readonly #keys: ReviewKeys

  constructor(options: { pool: Pool; keys: ReviewKeys }) {
    this.#pool = options.pool
    this.#keys = options.keys
  }

  async list(request: ListItems): Promise<ItemPage> {
    const limit = Math.min(Math.max(Math.floor(request.limit ?? usualPage), 1), longestPage)
    const { rows } = await this.#pool.query<ListedRow>(pageQuery(request, limit + 1)) // one more tells whether a page follows
    const shown = rows.slice(0, limit)
    const last = rows.length > limit ? shown.at(-1) : undefined
    return {
      items: shown.map((row) => this.#summary(request, row)),
      next: last && encodeCursor({ state: last.state, priority: last.priority, due: last.due_micros, id: last.id }),
    }
  }

  #summary({ tenant, viewer }: ListItems, row: ListedRow): ItemSummary {
    const summary = summaryOf(row, viewer)
    try {
      const firstLine = openFirstLine(this.#keys.unwrap(tenant, row.key_id, row.wrapped), row.head)
      return { ...summary, firstLine, unreadable: undefined }
    } catch (error) {
      const unreadable = isMillraceError(error, 'governance/key-destroyed') ? 'erased' : 'damaged'
      return { ...summary, firstLine: undefined, unreadable }
    }
  }
}

/** Conditions are put together, not switched off by `$n is null`: one general plan would use no index (`work_item_queue`, `work_item_order`, `work_item_settled`). */
function pageQuery(request: ListItems, rows: number): { text: string; values: unknown[] } {
  const { tenant, state = 'open', queue, mine, ready, sort = 'priority' } = request
  const after = request.cursor === undefined ? undefined : decodeCursor(request.cursor, state)
  const values: unknown[] = [tenant, state, rows]
  const bind = (value: unknown): string => `$${values.push(value)}`
  const isOpen = state === 'open'
  const where = [
    'i.t = $1 and i.state = $2',
    isOpen ? `i.state = 'open'` : `i.state <> 'open'`, // said again in words: the indexes are partial
    ...(queue === undefined ? [] : [`i.queue = ${bind(queue)}`]),
    ...(mine === undefined ? [] : [isOpen ? `i.holder = ${bind(mine)}` : decidedBy(bind(mine))]),
    ...(ready === undefined || !isOpen
      ? []
      : [
          `(i.snoozed_until is null or i.snoozed_until <= now())`,
          `(i.assignee is null or i.assignee = ${bind(ready)})`,
        ]),
    ...(after && isOpen
      ? [
          `(${orders[sort]}) > (${sort === 'priority' ? `${bind(after.priority)}::smallint,` : ''}
            coalesce('epoch'::timestamptz + ${bind(after.due)}::float8 * interval '1 microsecond', 'infinity'), ${bind(after.id)}::text)`,
        ]
      : []),
    ...(after && !isOpen ? [`i.id < ${bind(after.id)}`] : []),
  ]
  const text = `select ${summaryColumns}, ${dueMicros} as due_micros
    from work_item i left join subject_key k on k.t = i.t and k.id = i.key_id where ${where.join(' and ')}
    order by ${isOpen ? orders[sort] : 'i.id desc'} limit $3`
  return { text, values }
}

/** Each has its index. */
const orders = {
  priority: `i.priority, coalesce(i.due, 'infinity'), i.id`,
  due: `coalesce(i.due, 'infinity'), i.id`,
} as const

const decidedBy = (person: string): string =>
  `exists (select 1 from decision d where d.t = i.t and d.item = i.id and d.person = ${person})`
