import { expect, test } from 'vitest'
import { z } from 'zod'
import { rules } from '../../sdk/resources.ts'
import { decideStep } from './decide.ts'

const routing = rules({
  name: 'routing',
  input: z.object({ sure: z.boolean(), heard: z.array(z.string()) }),
  output: z.object({ team: z.enum(['money', 'general']) }),
  rows: [{ if: { sure: true }, give: { team: 'money' } }],
  otherwise: { team: 'general' },
})

test.each([
  [true, 'money'],
  [false, 'general'],
])('what the table was told stands in the evidence (sure: %j): the log keeps only its digest', async (sure, team) => {
  const input = { sure, heard: ['complaint/phrases@1'] }
  const { value, evidence } = await decideStep.execute({ rules: routing, input }, undefined as never) // not read
  expect(value).toEqual({ team })
  expect(evidence?.detail).toMatchObject({ input })
})
