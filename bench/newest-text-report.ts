// How much of a reply is read as it was written: `node bench/newest-text-report.ts [--set first]`. For each language the share of replies whose
// newest text is exactly right (lines compared without blanks at their end, runs of empty lines as one), and each wrong one with the lines of the
// author's own that were lost and those of the thread that stayed. A set in bench/newest-text/ is written before the rules have seen it, and its
// first figure stands beside it in README.md; the rules may be mended with it afterwards.
import { readdir, readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { htmlText } from '../src/intake/html-text.ts'
import { newestText } from '../src/intake/newest-text.ts'

interface Reply {
  readonly name: string
  readonly body: string
  readonly newest: string
}

const folder = new URL('newest-text/', import.meta.url)
const { values } = parseArgs({ options: { set: { type: 'string', multiple: true } } })

/** `%%% name`, the body, `%%% newest`, the text that is right; a name that ends in `[html]` has an HTML body. */
function repliesIn(text: string): Reply[] {
  const blocks = text.split(/^%%% /m).slice(1)
  return blocks.flatMap((block, at) => {
    const [name, body] = divided(block)
    const next = blocks[at + 1]
    if (name === 'newest' || next === undefined) return []
    return [{ name, body, newest: divided(next)[1] }]
  })
}

function divided(block: string): [string, string] {
  const end = block.indexOf('\n')
  return [block.slice(0, end), block.slice(end + 1)]
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
const even = (text: string): string =>
  text
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
const percent = (part: number, all: number): string => `${((100 * part) / Math.max(1, all)).toFixed(1)} %`

const entries = await readdir(folder, { withFileTypes: true })
const sets = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
for (const set of values.set ?? sets.toSorted()) {
  let [allRight, all, lostIn] = [0, 0, 0]
  for (const file of (await readdir(new URL(`${set}/`, folder))).toSorted()) {
    const replies = repliesIn(await readFile(new URL(`${set}/${file}`, folder), 'utf8'))
    let right = 0
    for (const { name, body, newest } of replies) {
      const read = newestText(name.endsWith('[html]') ? htmlText(body) : body)
      if (even(read) === even(newest)) {
        right++
        continue
      }
      const [kept, own] = [linesOf(read), linesOf(newest)]
      const lost = own.filter((line) => !kept.includes(line))
      if (lost.length > 0) lostIn++
      console.log(`  wrong: ${file} ${name}`)
      for (const line of lost) console.log(`    lost: ${line}`)
      for (const line of kept.filter((one) => !own.includes(one))) console.log(`    stayed: ${line}`)
    }
    console.log(`${set} ${file.replace('.txt', '')}: ${right} of ${replies.length} exactly right`)
    allRight += right
    all += replies.length
  }
  console.log(`${set}: ${allRight} of ${all} exactly right (${percent(allRight, all)}), text lost in ${lostIn}`)
}
