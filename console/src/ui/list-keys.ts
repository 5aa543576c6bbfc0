import { useEffect, useRef, useState } from 'react'
import { isField } from '../shell/keys.ts'

interface ListKeys {
  readonly open: (at: number) => void
  /** The row has come under the keyboard and must be seen. */
  readonly show?: (at: number) => void
}

/** `J` and `K` move over the rows of a list, `Enter` opens one, `/` goes to its search field. Answers the row, or -1. */
export function useListKeys(length: number, keys: ListKeys): number {
  const [at, setAt] = useState(-1)
  const latest = useRef({ keys, at, length })
  useEffect(() => void (latest.current = { keys, at, length }))
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isField(event.target)) return
      const { at: row, keys: told, length: rows } = latest.current
      const letter = event.key.toLowerCase()
      const by = letter === 'j' ? 1 : letter === 'k' ? -1 : 0
      if (by !== 0) {
        const next = Math.max(0, Math.min(rows - 1, row + by))
        setAt(next)
        told.show?.(next)
      } else if (event.key === 'Enter' && row >= 0 && event.target === document.body) told.open(row)
      else if (event.key === '/') {
        event.preventDefault()
        document.querySelector<HTMLElement>('[data-search]')?.focus()
      }
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [])
  return at
}
