import { expect, test } from 'vitest'
import { visible } from './json.tsx'

test('a message cannot turn the direction of what stands beside it: its marks are shown', () => {
  expect(visible('pay \u202e0001\u202c now\u200b')).toBe('pay ⟨U+202E⟩0001⟨U+202C⟩ now⟨U+200B⟩')
  expect(visible('שלום, plain')).toBe('שלום, plain') // letters keep their own direction
})
