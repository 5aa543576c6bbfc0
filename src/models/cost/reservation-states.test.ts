import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant } from '../../core/ids.ts'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { differencesOf } from './held-check.ts'
import type { EndState, Reservation } from './reservation.ts'
import { admitted, attempt, balances, declare, openLedger, used } from './testing.ts'

// The state machine of a reservation against a model of it, on a real Postgres, in any order of events.

type State = 'held' | EndState
type Event = 'settle' | 'assume' | 'release' | 'die'

/** Where each event leads from each state; no pair is left out. A reservation ends once (C4). */
const next: Record<State, Record<Event, State>> = {
  held: { settle: 'settled', assume: 'assumed', release: 'released', die: 'assumed' },
  settled: { settle: 'settled', assume: 'settled', release: 'settled', die: 'settled' },
  assumed: { settle: 'assumed', assume: 'assumed', release: 'assumed', die: 'assumed' },
  released: { settle: 'released', assume: 'released', release: 'released', die: 'released' },
}

const tree = { root: undefined, left: 'root', right: 'root', leaf: 'left' } as const
type Budget = keyof typeof tree
const caps: Record<Budget, number> = { root: 300, left: 200, right: 150, leaf: 120 }
const budgetNames = Object.keys(tree).toSorted() as Budget[] // the keys of the literal above

function levelsOf(budget: Budget): Budget[] {
  const parent = tree[budget]
  return parent ? [budget, ...levelsOf(parent)] : [budget]
}

interface Modelled {
  readonly reservation: Reservation
  readonly levels: readonly Budget[]
  readonly held: number
  state: State
  corrected: Set<string>
}

const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('reserve' as const),
      budgets: fc.subarray(budgetNames),
      worst: fc.nat(80),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('settle' as const, 'assume' as const, 'release' as const),
      which: fc.nat(20),
      cost: fc.nat(90),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('die' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('correct' as const),
      which: fc.nat(20),
      key: fc.constantFrom('a', 'b'),
      amount: fc.integer({ min: -30, max: 30 }),
    }),
  },
)

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

test('whatever happens in whatever order, a reservation ends once and every balance is the sum of its reservations (C1, C2, C4, C5, C7)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      await database.ownerPool.query(
        'truncate budget, budget_period, reservation, cost_correction, cost_alert, cost_day cascade',
      )
      await declare(
        database.pool,
        ...budgetNames.map((id) => ({ id, nano: caps[id], ...(tree[id] && { parent: tree[id] }) })),
      )
      let { ledger, process } = await openLedger(database.pool)
      const known: Modelled[] = []
      const spent = new Map<Budget, number>(budgetNames.map((name) => [name, 0]))
      const book = (levels: readonly Budget[], amount: number): void => {
        for (const level of levels) spent.set(level, (spent.get(level) ?? 0) + amount)
      }
      const heldAt = (level: Budget): number =>
        known
          .filter((one) => one.state === 'held' && one.levels.includes(level))
          .reduce((sum, one) => sum + one.held, 0)

      for (const step of actions) {
        if (step.does === 'reserve') {
          const levels = [...new Set(step.budgets.flatMap(levelsOf))]
          const fits = levels.every((level) => heldAt(level) + (spent.get(level) ?? 0) + step.worst <= caps[level])
          const admission = await ledger.reserve(attempt(step.worst, step.budgets))
          expect(admission.outcome).toBe(fits ? 'admitted' : 'refused')
          if (fits)
            known.push({
              reservation: admitted(admission),
              levels,
              held: step.worst,
              state: 'held',
              corrected: new Set(),
            })
        } else if (step.does === 'die') {
          await database.pool.query(`update process set beat = clock_timestamp() - interval '1 h' where id = $1`, [
            process,
          ])
          ;({ ledger, process } = await openLedger(database.pool))
          const left = known.filter((one) => one.state === 'held')
          expect(await ledger.recover()).toBe(left.length)
          for (const one of left) {
            one.state = next.held.die
            book(one.levels, one.held)
          }
        } else {
          const one = known[step.which % Math.max(known.length, 1)]
          if (!one) continue
          if (step.does === 'correct') {
            const done = ledger.correct({
              tenant: mainTenant,
              id: one.reservation.id,
              key: step.key,
              amount: BigInt(step.amount),
              reason: 'r',
              by: 'b',
            })
            if (one.state === 'held') await expect(done).rejects.toSatisfy((e) => isMillraceError(e, 'cost/not-held'))
            else {
              await done
              if (!one.corrected.has(step.key)) book(one.levels, step.amount)
              one.corrected.add(step.key)
            }
          } else {
            const from = one.state
            one.state = next[from][step.does]
            const end = await (step.does === 'settle'
              ? ledger.settle(one.reservation, used(step.cost))
              : ledger[step.does](one.reservation, 'w'))
            expect(end).toMatchObject({ state: one.state, isFirst: from === 'held' })
            if (from === 'held')
              book(one.levels, step.does === 'settle' ? step.cost : step.does === 'assume' ? one.held : 0)
            else if (
              from === 'assumed' &&
              step.does === 'settle' &&
              step.cost > one.held &&
              !one.corrected.has('late')
            ) {
              one.corrected.add('late') // a late settlement adds what the worst case did not cover (C5), as a correction (C7)
              book(one.levels, step.cost - one.held)
            }
          }
        }
        const now = await balances(database.pool)
        for (const name of budgetNames) expect(now[name] ?? '0/0').toBe(`${heldAt(name)}/${spent.get(name)}`)
      }
      expect(await differencesOf(database.pool, mainTenant)).toEqual([])
    }),
    { numRuns: 40 },
  )
})
