import { systemClock, type Clock, type Instant } from '../core/clock.ts'
import type { MeasuredCall } from './measured-call.ts'

/** A clock that a test sets. */
export class SetClock implements Clock {
  time: Instant

  constructor(time: Instant = Date.UTC(2026, 0, 5, 9)) {
    this.time = time
  }

  now(): Instant {
    return this.time
  }

  today(): Instant {
    return this.time
  }

  after(ms: number, then: () => void): () => void {
    return systemClock.after(ms, then)
  }

  turn(): Promise<void> {
    return systemClock.turn()
  }
}

const usage = { input: 100, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0, output: 20, reasoning: 0 }
const asked = { version: 'v-small', model: 'small', provider: 'openai' }
let calls = 0

/** A call that `small` answered in the arm `a`, but for what is said otherwise. */
export function testCall(said: Partial<MeasuredCall> = {}): MeasuredCall {
  const startedAt = said.startedAt ?? Date.UTC(2026, 0, 5, 9)
  const total = said.total ?? 120
  return {
    id: `cal_${String(++calls).padStart(32, '0')}`,
    tenant: 'main',
    dialect: 'openai-chat',
    route: 'drafts',
    routeVersion: 'r-1',
    startedAt,
    total,
    isStream: false,
    status: 200,
    answered: { ...asked, arm: 'a' },
    usage,
    cost: { nano: 1_000_000n, currency: 'USD' },
    attempts: [{ ...asked, kind: 'first', startedAt, total, outcome: 'answered', usage }],
    ...said,
  }
}
