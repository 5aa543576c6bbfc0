import { expect, test } from 'vitest'
import fc from 'fast-check'
import { captured } from './testing.ts'
import { oneLine, Terminal, visible } from './terminal.ts'

/** What hostile mail would use: move the cursor, clear the screen, set the title, hide text, reverse a line, end a line. */
const hostile = [
  'a\u001b[2Jb',
  'a\u001b]0;title\u0007b',
  'a\u009b31mb',
  'pay\u202Eexe.fdp',
  'a\u2066b\u2069',
  'a\rb',
  'a\bb',
  'a\u2028b',
  'a\u0000b',
  'a\u200bb',
  'a\u{e0041}b',
]
const actsOnTerminal = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u

test.each(hostile)('%j never reaches a stream, whichever way it is printed', async (text) => {
  const print = async (isJson: boolean): Promise<string> => {
    const { stderr, stdout } = await captured(() => {
      const terminal = new Terminal({ isJson })
      terminal.print(text)
      terminal.print(terminal.style('bold', text))
      terminal.table([text], [[text]])
      terminal.json({ [text]: text })
      terminal.say(text)
      terminal.fail(text)
      terminal.move(text)
    })
    return stdout + stderr
  }
  expect(await print(false)).not.toMatch(actsOnTerminal)
  expect(await print(true)).not.toMatch(actsOnTerminal)
})

test('no text at all makes a stream do more than write lines', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      const { stdout } = await captured(() => new Terminal({ isJson: false }).print(text))
      expect(stdout).not.toMatch(actsOnTerminal)
      expect(oneLine(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }),
  )
})

test('what is escaped in JSON is the same JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = visible(JSON.stringify(value))
      expect(text).not.toMatch(actsOnTerminal)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('colours are there on a terminal alone, and only those of style', async () => {
  const print = () => {
    const terminal = new Terminal({ isJson: false })
    terminal.print(`${terminal.style('red', 'wrong')} \u001b[2Jx`)
  }
  expect((await captured(print)).stdout).toBe('wrong \\u001b[2Jx\n')
  const { env } = process
  const before = env['NO_COLOR']
  delete env['NO_COLOR']
  try {
    expect((await captured(print, { isTTY: true })).stdout).toBe('\u001b[31mwrong\u001b[39m \\u001b[2Jx\n')
  } finally {
    if (before !== undefined) env['NO_COLOR'] = before
  }
})

test('with --json only documents stand on standard output, each on its line', async () => {
  const { stdout, stderr } = await captured(() => {
    const terminal = new Terminal({ isJson: true })
    terminal.print('for people')
    terminal.table(['a'], [[1]])
    terminal.say('meanwhile')
    terminal.json({ a: 'x\ny' })
    terminal.json([])
  })
  expect(stdout.split('\n')).toEqual(['{"a":"x\\ny"}', '[]', ''])
  expect(stderr).toBe('meanwhile\n')
})

test('a table is as wide as its cells, numbers stand to the right', async () => {
  const { stdout } = await captured(() =>
    new Terminal({ isJson: false }).table(
      ['name', 'ms'],
      [
        ['a', 5],
        ['longer', 1200],
        ['none', ''],
      ],
    ),
  )
  expect(stdout).toBe('name      ms\na          5\nlonger  1200\nnone\n')
})

test('a terminal more listens no more: many commands in one process leave one listener', () => {
  const terminals = Array.from({ length: 20 }, () => new Terminal({ isJson: false }))
  expect(terminals).toHaveLength(20)
  expect(process.stdout.listenerCount('error')).toBeLessThan(5)
})
