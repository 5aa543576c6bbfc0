import { expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { mainTenant } from '../../core/ids.ts'
import { fraction, seededRandom } from '../../core/random.ts'
import { openPool } from '../../store/pool.ts'
import { testDatabase } from '../../store/testing.ts'
import { differencesOf } from './held-check.ts'
import { attempt, balances, declare, openLedger, used } from './testing.ts'

test('three processes of 64 callers each on one tree: no budget is passed at admission, nothing stays held, nobody deadlocks (C1, C2, C4)', async () => {
  const database = await testDatabase({ max: 4 })
  const leaves = ['a', 'b', 'c', 'd', 'e']
  await declare(
    database.pool,
    { id: 'zero', nano: 200_000 },
    ...leaves.map((id) => ({ id, nano: 60_000, parent: id < 'c' ? 'zero' : 'middle' })),
    { id: 'middle', nano: 100_000, parent: 'zero' },
  )
  // No use is above what was held here, so that no balance may pass its cap at any moment: the database itself says so.
  await database.ownerPool.query(`create function refuse_passed() returns trigger language plpgsql as $$ begin
    if new.held + new.spent > (select cap from budget b where b.t = new.t and b.id = new.budget) then raise exception 'passed'; end if; return new; end $$`)
  await database.ownerPool.query(
    'create trigger passed before update on budget_period for each row execute function refuse_passed()',
  )
  const outcomes = { admitted: 0, refused: 0, downgrade: 0 }
  const pools = [1, 2, 3].map((n) => openPool({ url: database.appUrl, max: 2, name: `process ${n}` }))
  await Promise.all(
    pools.map(async (pool, at) => {
      const { ledger } = await openLedger(pool)
      const random = seededRandom(at)
      const caller = async (): Promise<void> => {
        for (let turn = 0; turn < 12; turn++) {
          const budgets = leaves.filter(() => fraction(random) < 0.4)
          const worst = Math.floor(fraction(random) * 300)
          const admission = await ledger.reserve(attempt(worst, budgets))
          outcomes[admission.outcome]++
          if (admission.outcome !== 'admitted') continue
          await systemClock.turn()
          const way = fraction(random)
          if (way < 0.6) await ledger.settle(admission.reservation, used(Math.floor(fraction(random) * worst)))
          else if (way < 0.8) await ledger.assume(admission.reservation, 'hung up')
          else await ledger.release(admission.reservation, 'never sent')
        }
      }
      await Promise.all(Array.from({ length: 64 }, caller))
      await pool.end() // tells the server's statistics
    }),
  )
  expect(outcomes.admitted + outcomes.refused).toBe(3 * 64 * 12)
  expect(outcomes.refused).toBeGreaterThan(0)
  for (const sums of Object.values(await balances(database.pool))) expect(sums).toMatch(/^0\/[1-9]/)
  expect(await differencesOf(database.pool, mainTenant)).toEqual([])
  const { rows } = await database.pool.query(
    `select (select deadlocks::int from pg_stat_database where datname = current_database()) as deadlocks,
      (select count(*)::int from reservation where state = 'held') as held`,
  )
  expect(rows).toEqual([{ deadlocks: 0, held: 0 }])
  await database.drop()
})
