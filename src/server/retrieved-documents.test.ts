import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { mainTenant, mintId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { documentName } from '../models/caches/source-name.ts'
import { type TestDatabase, testDatabase } from '../store/testing.ts'
import { retrievedDocuments } from './retrieved-documents.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

test('a run’s documents are named as a retired one is, each once, and other factors and runs are none of them', async () => {
  const run = mintId('run', systemClock.today(), systemRandom)
  const other = mintId('run', systemClock.today(), systemRandom)
  const took = async (kind: string, name: string, whose: string): Promise<void> => {
    const id = mintId('fac', systemClock.today(), systemRandom)
    await database.pool.query('insert into factor (t, id, kind, digest, name) values ($1, $2, $3, $2, $4)', [
      mainTenant,
      id,
      kind,
      name,
    ])
    await database.pool.query('insert into run_factor (t, factor, run, first_seq) values ($1, $2, $3, 1)', [
      mainTenant,
      id,
      whose,
    ])
  }
  await took('chunk', 'replies/arrival#0', run)
  await took('chunk', 'replies/arrival#12', run)
  await took('model', 'replies/mini#1', run)
  await took('chunk', 'replies/other#0', other)
  expect(await retrievedDocuments(database.pool, { tenant: mainTenant, run })).toEqual([
    documentName({ collection: 'replies', document: 'arrival' }),
  ])
})
