import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SmtpServerUrl } from './smtp-server-url.ts'

const read = (text: string): unknown => {
  const url = new SmtpServerUrl(text)
  return [url.at, url.tls, url.login()]
}

test.each([
  ['smtp://mail.example', ['mail.example:587', 'required', undefined]],
  ['smtp://mail.example:25/?tls=never', ['mail.example:25', 'never', undefined]],
  ['smtps://Mail.Example', ['mail.example:465', 'from-the-start', undefined]],
  ['smtp://127.0.0.1:2525', ['127.0.0.1:2525', 'never', undefined]],
  ['smtp://localhost:25?tls=required', ['localhost:25', 'required', undefined]],
  ['smtp://[::1]:25', ['[::1]:25', 'never', undefined]],
  ['smtp://127.0.0.1.mail.example', ['127.0.0.1.mail.example:587', 'required', undefined]],
  ['smtp://me%40bank:p%2F%C3%BC@mail.example', ['mail.example:587', 'required', { user: 'me@bank', pass: 'p/ü' }]],
])('%s says where, how and as whom', (text, expected) => {
  expect(read(text)).toEqual(expected)
})

test.each([
  'mail.example:25',
  'http://user:secret@mail.example',
  'smtp://',
  'smtp://user:sec/ret@mail.example',
  'smtp://user:sec#ret@mail.example',
  'smtp://user:secret%@mail.example',
  'smtp://user@mail.example',
  'smtp://:secret@mail.example',
  'smtp://mail.example:0',
  'smtp://user:secret@mail.example:99999',
  'smtp://mail example',
  'smtp://mail%0d%0a.example',
  'smtp://mail.example?tls=maybe',
  'smtp://mail.example?user=secret',
  'smtps://mail.example?tls=never',
  '',
])('%j is refused in words that show nothing of it', (text) => {
  let error: unknown
  try {
    read(text)
  } catch (caught) {
    error = caught
  }
  expect(error).toMatchObject({ code: 'intake/bad-smtp-url' })
  expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/secret|sec.ret/)
})

test('no way of showing it shows the password', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6, unit: 'grapheme' }), (pass) => {
      const url = new SmtpServerUrl(`smtp://user:${encodeURIComponent(pass)}@mail.example`)
      expect(url.login()?.pass).toBe(pass)
      const shown = [inspect(url, { depth: 9, showHidden: true }), JSON.stringify(url), url.at].join()
      expect(shown.includes(pass)).toBe(
        'SmtpServerUrl{"host":"mail.example","port":587,"tls":"required"}'.includes(pass),
      )
    }),
  )
})
