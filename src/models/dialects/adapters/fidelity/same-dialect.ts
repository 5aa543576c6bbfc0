import type { DialectName } from '../../dialect.ts'
import { dialects } from '../../dialects.ts'

/** What a request can hold, and the same dialect's provider gets as the client wrote it. As text: bytes are what it is about. */
const cases: readonly (readonly [name: DialectName, holds: string, body: string])[] = [
  [
    'anthropic-messages',
    'signed thinking',
    `{"model":"m", "messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"h\\u00e9","signature":"s=="}]}]}`,
  ],
  [
    'anthropic-messages',
    'redacted thinking',
    `{"model":"m","messages":[{"role":"assistant","content":[{"type":"redacted_thinking","data":"x=="}]}]}`,
  ],
  [
    'openai-responses',
    'encrypted reasoning',
    `{"model":"m","input":[{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"gAAA=="}, {"role":"user","content":"a"}]}`,
  ],
  ['openai-responses', 'the id of an earlier item', `{"model":"m","input":[{"type":"item_reference","id":"rs_1"}]}`],
  [
    'anthropic-messages',
    '`cache_control`',
    `{"model":"m","system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":"a"}]}`,
  ],
  [
    'openai-chat',
    'a picture, by its address',
    `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.test/a.png"}}]}]}`,
  ],
  [
    'anthropic-messages',
    'a PDF in base64',
    `{"model":"m","messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}}]}]}`,
  ],
  [
    'openai-chat',
    'a schema with keywords that its provider may not know',
    `{"model":"m","messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","unevaluatedProperties":false,"x-own":1.0}}}}`,
  ],
  ['openai-chat', 'a service tier', `{"model":"m","service_tier":"flex","messages":[{"role":"user","content":"a"}]}`],
  [
    'openai-chat',
    'a field that nobody knows, and a number of 20 digits',
    `{"model":"m","new_field":{"n":12345678901234567890},"messages":[{"role":"user","content":"a"}]}`,
  ],
]

/** What came of each, found by trying: sent on under another model's name, every other byte is the client's. */
export const sameDialectTries = cases.map(([name, holds, body]) => {
  const request = dialects[name].read(Buffer.from(body))
  const sent = dialects[name].bodyFor(request, { model: 'other' }).toString()
  const passes = sent === body.replace('"model":"m"', '"model":"other"')
  const to = request.isBound ? ', to its issuer only' : ''
  return { name, holds, fate: passes ? `passes byte for byte${to}` : 'is changed' }
})
