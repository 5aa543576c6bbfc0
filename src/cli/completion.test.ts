import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bashScript, fishScript, zshScript } from './completion-scripts.ts'
import { wordsOf } from './completion-words.ts'
import { makeProgram } from './program.ts'

const places = wordsOf(makeProgram())
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-completion-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function written(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, script)
  return path
}

/** What bash offers when Tab is pressed behind these words; the last may be unfinished. */
function offered(...words: string[]): string[] {
  const path = written('millrace.bash', bashScript(places))
  const line = ['millrace', ...words].map((word) => `'${word}'`).join(' ')
  const script = `source '${path}'; COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`
  const ran = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
  expect(ran.stderr).toBe('')
  return ran.stdout.trim().split('\n')
}

function everyCommand(command: Command, path: readonly string[] = []): (readonly string[])[] {
  return command.commands.flatMap((one) => [[...path, one.name()], ...everyCommand(one, [...path, one.name()])])
}

test('every command and every option is offered where it stands', () => {
  const program = makeProgram()
  const missing = everyCommand(program).flatMap((path) => {
    const found = offered(...path.slice(0, -1), path.at(-1) ?? '')
    return found.includes(path.at(-1) ?? '') ? [] : [path.join(' ')]
  })
  expect(missing).toEqual([])
  for (const { path, options } of places) {
    const found = offered(...path.split(' ').filter(Boolean), '-')
    expect(options.map(({ word }) => word).filter((word) => !found.includes(word))).toEqual([])
  }
}, 120_000)

test('what is completed is what can follow, not a word that was seen before', () => {
  expect(offered('rev')).toEqual(['reviews'])
  expect(offered('reviews', 'cl')).toEqual(['claim'])
  expect(offered('reviews', 'list', '--state', '')).toEqual(['open', 'decided', 'closed'])
  expect(offered('completion', 'z')).toEqual(['zsh'])
  expect(offered('--json', 'reviews', 'sh')).toEqual(['show'])
  expect(offered('runs', 'list', '--data', 'runs', '--sta')).toEqual(['--status']) // a directory called runs
  expect(offered('runs', 'list', '--data', '')).toEqual(['']) // nothing of ours: bash offers files
  expect(offered('nonsense', 'rev')).toEqual(['reviews'])
})

const shells = [
  ['bash', ['-n'], bashScript],
  ['zsh', ['-n'], zshScript],
  ['fish', ['--no-execute'], fishScript],
] as const

test.for(shells)('%s accepts its script, where it is installed', ([shell, options, script], { skip }) => {
  const ran = spawnSync(shell, [...options, written(`script.${shell}`, script(places))], { encoding: 'utf8' })
  if (ran.error || ran.status === 127) return skip(`${shell} is not installed`)
  expect(ran.stderr).toBe('')
  expect(ran.status).toBe(0)
})

test('fish offers what bash does, where it is installed', ({ skip }) => {
  const path = written('millrace.fish', fishScript(places))
  const ask = (line: string) =>
    spawnSync('fish', ['--no-config', '-c', `source '${path}'; complete -C '${line}'`], { encoding: 'utf8' })
  const tried = ask('')
  if (tried.error || tried.status === 127) return skip('fish is not installed')
  const words = (line: string): string[] =>
    ask(line)
      .stdout.trim()
      .split('\n')
      .map((found) => found.split('\t')[0] ?? '')
  expect(words('millrace rev')).toEqual(['reviews'])
  expect(words('millrace reviews list --state ').toSorted()).toEqual(['closed', 'decided', 'open'])
  expect(words('millrace runs list --data runs --sta')).toEqual(['--status'])
})

test('a word with a quote in its description breaks no script', () => {
  const about = `it's a "test" of $HOME \\ and \`this\``
  const empty = { commands: [], options: [], valued: [], values: [] }
  const odd = [
    {
      ...empty,
      path: '',
      commands: [{ word: 'go', about }],
      options: [{ word: '--x', about }],
      valued: [{ option: '--x', values: [about] }],
    },
    { ...empty, path: 'go' },
  ]
  const ran = spawnSync('bash', ['-n', written('odd.bash', bashScript(odd))], { encoding: 'utf8' })
  expect([ran.stderr, ran.status]).toEqual(['', 0])
  expect(fishScript(odd)).toContain(`'it\\'s a "test" of $HOME \\\\ and \`this\`'`)
  expect(zshScript(odd)).toContain(`it'\\''s a "test"`)
})
