import { makeRestateBed } from './restate-bed.ts'
import { describeEngine } from './suite.ts'

describeEngine('Postgres and Restate', makeRestateBed, { trees: 12, waits: 300 })
