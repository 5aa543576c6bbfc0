import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { readCustomers } from './customers.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-customers-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const read = (content: string | Uint8Array) => {
  writeFileSync(join(folder, 'customers.csv'), content)
  return readCustomers(join(folder, 'customers.csv'))
}
const refused = (why: RegExp) =>
  expect.toSatisfy((e) => isMillraceError(e, 'intake/bad-customers') && why.test(e.message))

test('a sender is found by address, in any case; several addresses may be one customer’s', async () => {
  const customers = await read(
    'address,customer,tier\nAnn@Mail.example,C-1,premium\nann@work.example,C-1,premium\n\n"bob@mail.example","Bob, Ltd.",business\n',
  )
  expect(customers.find('ann@mail.example')).toEqual({ customerId: 'C-1', tier: 'premium' })
  expect(customers.find('ANN@work.example')).toEqual({ customerId: 'C-1', tier: 'premium' })
  expect(customers.find('bob@mail.example')).toEqual({ customerId: 'Bob, Ltd.', tier: 'business' })
})

test('who is not listed is a standard customer under the address', async () => {
  const customers = await read('address,customer,tier\n')
  expect(customers.find('Eve@mail.example')).toEqual({ customerId: 'eve@mail.example', tier: 'standard' })
  expect(customers.find('__proto__')).toEqual({ customerId: '__proto__', tier: 'standard' })
})

test('what a spreadsheet writes is read: a byte order mark, CRLF, capitals, blanks, further columns', async () => {
  const customers = await read('\ufeffTier,Note,Address,Customer\r\npremium,x, ann@mail.example , C-1 \r\n')
  expect(customers.find('ann@mail.example')).toEqual({ customerId: 'C-1', tier: 'premium' })
})

test.each([
  ['a missing column', 'address,customer\na@mail.example,C-1\n', /column tier is missing/],
  ['an empty file', '', /./],
  ['no address', 'address,customer,tier\nann,C-1,premium\n', /line 2: address/],
  ['two addresses', 'address,customer,tier\n"a@x.example, b@x.example",C-1,premium\n', /line 2: address/],
  ['no customer', 'address,customer,tier\na@mail.example,,premium\n', /line 2: customer/],
  ['no tier', 'address,customer,tier\na@mail.example,C-1,\n', /line 2: tier/],
  [
    'an address twice',
    'address,customer,tier\na@mail.example,C-1,premium\nA@mail.example,C-2,standard\n',
    /line 3: .*twice/,
  ],
  ['a row that is short', 'address,customer,tier\na@mail.example,C-1\n', /line 2/],
  ['an open quote', 'address,customer,tier\n"a@mail.example,C-1,premium\n', /quote/i],
  [
    'bytes that are no UTF-8',
    Buffer.from('address,customer,tier\nj\xf6rg@mail.example,C-1,premium\n', 'latin1'),
    /UTF-8/,
  ],
])('%s is refused, and the line is named', async (_, content, why) => {
  await expect(read(content)).rejects.toEqual(refused(why))
})

test('a file that is not there is told with its path', async () => {
  await expect(readCustomers(join(folder, 'gone.csv'))).rejects.toEqual(refused(/gone\.csv.*ENOENT/))
})
