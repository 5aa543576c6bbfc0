import type { Place, Word } from './completion-words.ts'

/**
 * Completion for three shells. All walk the words before the cursor the same way: a word that is a command of the place reached so far leads on,
 * and what follows an option that takes a value is that value. So each script is a table of places, and nothing is asked of Millrace meanwhile:
 * starting Node at every press of Tab would be felt. In bash nothing found means the names of files; no more than bash 3.2 is needed (macOS).
 */

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const label = (path: string, word: string): string => quoted(`${path}/${word}`)
const joined = (path: string, word: string): string => `${path} ${word}`.trim()
const steps = (places: readonly Place[]): string[] =>
  places.flatMap(({ path, commands }) =>
    commands.filter(({ word }) => isPlace(places, joined(path, word))).map(({ word }) => label(path, word)),
  )
const isPlace = (places: readonly Place[], path: string): boolean => places.some((place) => place.path === path)
const valued = (places: readonly Place[]): string[] =>
  places.flatMap(({ path, valued }) => valued.map(({ option }) => label(path, option)))
const choices = (places: readonly Place[]) =>
  places.flatMap(({ path, valued }) =>
    valued.filter(({ values }) => values.length > 0).map((one) => ({ path, ...one })),
  )

export function bashScript(places: readonly Place[]): string {
  const wordsAt = ({ path, commands, options, values }: Place): string => {
    const words = [...commands.map(({ word }) => word), ...values, ...options.map(({ word }) => word)].join(' ')
    return `    ${quoted(path)}) words=${quoted(words)} ;;`
  }
  const valuesOf = choices(places).map(
    ({ path, option, values }) =>
      `    ${label(path, option)}) COMPREPLY=($(compgen -W ${quoted(values.join(' '))} -- "$cur")); return ;;`,
  )
  return `# millrace completion bash
_millrace() {
  local cur=\${COMP_WORDS[COMP_CWORD]} path='' words='' word i awaits=''
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $awaits ]]; then awaits=''; continue; fi
    case "$path/$word" in
    ${steps(places).join('|')}) path="\${path:+$path }$word" ;;
    ${valued(places).join('|')}) awaits=$word ;;
    esac
  done
  case "$path/$awaits" in
${valuesOf.join('\n')}
    */-*) return ;;
  esac
  case $path in
${places.map(wordsAt).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F _millrace millrace
`
}

export function zshScript(places: readonly Place[]): string {
  const described = ({ word, about }: Word): string => quoted(`${word.replaceAll(':', '\\:')}:${about}`)
  const wordsAt = ({ path, commands, options, values }: Place): string => {
    const words = [...commands, ...values.map((word) => ({ word, about: '' }))].map(described).join(' ')
    return `    ${quoted(path)}) words_here=(${words}); options_here=(${options.map(described).join(' ')}) ;;`
  }
  const valuesOf = choices(places).map(
    ({ path, option, values }) => `    ${label(path, option)}) compadd -- ${values.map(quoted).join(' ')}; return ;;`,
  )
  return `#compdef millrace
# millrace completion zsh
_millrace() {
  local at='' word awaits='' i
  local -a words_here options_here
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $awaits ]]; then awaits=''; continue; fi
    case "$at/$word" in
      (${steps(places).join('|')}) at="\${at:+$at }$word" ;;
      (${valued(places).join('|')}) awaits=$word ;;
    esac
  done
  case "$at/$awaits" in
${valuesOf.map((line) => line.replace(/^ {4}/, '    (')).join('\n')}
    (*/-*) _files; return ;;
  esac
  case $at in
${places.map((place) => wordsAt(place).replace(/^ {4}/, '    (')).join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then _describe option options_here; return; fi
  if (( \${#words_here} )); then _describe command words_here; else _files; fi
}
if [[ \${funcstack[1]} == _millrace ]]; then _millrace "$@"; else compdef _millrace millrace; fi
`
}

export function fishScript(places: readonly Place[]): string {
  const fish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", `\\'`)}'`
  const at = (place: string): string => `-n ${fish(`test (__millrace_at) = ${fish(place)}`)}`
  const lines = places.flatMap(({ path, commands, options, valued, values }) => [
    ...commands.map(
      ({ word, about }) => `complete -c millrace -f ${at(`${path}/`)} -a ${fish(word)} -d ${fish(about)}`,
    ),
    ...values.map((word) => `complete -c millrace -f ${at(`${path}/`)} -a ${fish(word)}`),
    ...options.map(({ word, about }) => {
      const name = word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`
      return `complete -c millrace ${at(`${path}/`)} ${name} -d ${fish(about)}`
    }),
    ...valued
      .filter((one) => one.values.length > 0)
      .map((one) => `complete -c millrace -f ${at(`${path}/${one.option}`)} -a ${fish(one.values.join(' '))}`),
  ])
  return `# millrace completion fish
function __millrace_at
  set -l path ''
  set -l awaits ''
  for word in (commandline -opc)[2..-1]
    if test -n "$awaits"
      set awaits ''
      continue
    end
    switch "$path/$word"
      case ${steps(places).join(' ')}
        set path (string trim "$path $word")
      case ${valued(places).join(' ')}
        set awaits $word
    end
  end
  echo "$path/$awaits"
end
${lines.join('\n')}
`
}
