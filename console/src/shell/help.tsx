import { Modal } from '@mantine/core'
import { places } from './places.ts'
import './help.css'
import '@mantine/core/styles/ModalBase.css'
import '@mantine/core/styles/Modal.css'

const general: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'Search, and go anywhere'],
  ['?', 'This list'],
  ['/', 'To the search field of a list'],
  ['J  K', 'Next and previous row of a list'],
  ['Enter', 'Open the row'],
  ['Esc', 'Close, or back'],
]

/** Every key of the shell, each with what it does. */
export default function Help({ close }: { readonly close: () => void }): React.JSX.Element {
  return (
    <Modal opened onClose={close} title="Keys" size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <dl className="keys">
        {general.map(([keys, what]) => (
          <Key key={keys} keys={keys} what={what} />
        ))}
        {places.map(({ key, name }) => (
          <Key key={key} keys={`G  ${key.toUpperCase()}`} what={`Go to ${name}`} />
        ))}
      </dl>
    </Modal>
  )
}

const Key = ({ keys, what }: { readonly keys: string; readonly what: string }): React.JSX.Element => (
  <div>
    <dt>
      {keys.split('  ').map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </dt>
    <dd>{what}</dd>
  </div>
)
