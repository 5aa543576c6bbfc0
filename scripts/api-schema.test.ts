import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apiSchema, schemaFile } from './api-schema.ts'

test('the console’s types of the API are those of the server', () => {
  // Would catch a route that changed under the console. `npm run api-schema` writes them anew.
  expect(readFileSync(schemaFile, 'utf8') === apiSchema(), 'run `npm run api-schema`').toBe(true)
})
