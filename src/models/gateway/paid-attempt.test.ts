import { expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { mainTenant, mintId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { SpendLedger } from '../cost/spend-ledger.ts'
import { noUsage } from '../cost/usage.ts'
import { Targets } from '../providers/targets.ts'
import { testModel } from '../routes/testing.ts'
import { PaidAttempt } from './paid-attempt.ts'

test('an attempt ends once: a cut that is noticed after its end books nothing more, and gives no second place back', async () => {
  const ends: string[] = []
  const id = mintId('res', systemClock.today(), systemRandom)
  const end = (state: 'settled' | 'assumed' | 'released') => () => {
    ends.push(state)
    return Promise.resolve({ state, isFirst: true, cost: 0n })
  }
  const reservation = { id, tenant: mainTenant, price: undefined, held: undefined, standing: 'normal' as const }
  const spend: Pick<SpendLedger, 'reserve' | 'settle' | 'assume' | 'release'> = {
    reserve: () => Promise.resolve({ outcome: 'admitted', reservation }),
    settle: end('settled'),
    assume: end('assumed'),
    release: end('released'),
  }
  const target = new Targets(systemClock).of({ digest: 'd', name: 'small@d', keys: [] })
  const model = testModel('small')
  const reserve = {
    tenant: mainTenant,
    budgets: [],
    provider: 'openai',
    model: 'small',
    price: undefined,
    worst: undefined,
    facts: { kind: 'first' as const },
  }
  const { signal } = new AbortController()
  const admitted = await PaidAttempt.admit({
    target,
    model,
    priority: 1,
    reserve,
    signal,
    spend: spend as SpendLedger, // of the ledger these four are used
    clock: systemClock,
  })
  if (admitted.kind === 'refused') throw admitted.error
  const { attempt } = admitted
  expect(target.health().admission.running).toBe(1)
  attempt.answered(noUsage)
  attempt.failed({ kind: 'aborted', isSent: true })
  attempt.unsent()
  expect(await attempt.ended).toMatchObject({ outcome: 'answered', reservation: id })
  expect([ends, target.health().admission.running]).toEqual([['settled'], 0])
})
