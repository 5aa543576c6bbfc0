import { Modal } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { commandsFor } from './commands.ts'
import { places } from './places.ts'
import './palette.css'
import '@mantine/core/styles/ModalBase.css'
import '@mantine/core/styles/Modal.css'

interface PaletteProps {
  readonly close: () => void
  readonly help: () => void
}

/** Ctrl K: what is typed finds places, a run by its id, and runs by their customer. */
export default function Palette({ close, help }: PaletteProps): React.JSX.Element {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const navigate = useNavigate()
  const found = commandsFor(text, places)
  const chosen = found[Math.min(at, found.length - 1)]
  const perform = (command: (typeof found)[number] | undefined): void => {
    if (!command) return
    close()
    if (command.do === 'help') help()
    else void navigate({ to: command.to, ...(command.search && { search: command.search }) })
  }
  const pressed = (event: React.KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (by !== undefined) {
      event.preventDefault()
      setAt((Math.min(at, found.length - 1) + by + found.length) % found.length)
    } else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      event.preventDefault()
      perform(chosen)
    }
  }
  return (
    <Modal.Root opened onClose={close} size="lg" yOffset="12vh">
      <Modal.Overlay />
      <Modal.Content aria-label="Search and commands">
        <Modal.Body p={0}>
          <input
            className="palette-field"
            role="combobox"
            aria-label="Search places, a run’s id, a customer"
            aria-expanded="true"
            aria-controls="palette-list"
            aria-activedescendant={chosen && `palette-${found.indexOf(chosen)}`}
            placeholder="Search places, a run’s id, a customer"
            value={text}
            data-autofocus
            onChange={(event) => {
              setText(event.currentTarget.value)
              setAt(0)
            }}
            onKeyDown={pressed}
          />
          <ul id="palette-list" className="palette-list" role="listbox" aria-label="Found">
            {found.map((command, n) => (
              // The field has the keyboard; the list only shows where it is.
              <li
                key={command.name}
                id={`palette-${n}`}
                role="option"
                aria-selected={command === chosen}
                onMouseEnter={() => setAt(n)}
                onClick={() => perform(command)}
              >
                <span>{command.name}</span>
                <span className="dim">{command.about}</span>
              </li>
            ))}
          </ul>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
