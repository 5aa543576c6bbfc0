import { z } from 'zod'
import { reviewForm } from '../../sdk/resources.ts'

const json = z.json()

/** Put to a person when a crash hid whether an effect landed, and only a person can find out. */
export const unknownOutcomeForm = reviewForm({
  name: 'outcome-unknown',
  shows: z.object({ action: z.string(), arguments: json }),
  value: z.object({ happened: z.boolean() }),
  reasons: ['looked-it-up', 'asked-the-recipient'],
  firstLine: (shows) => `Did ${shows.action} happen? Its outcome is not known.`,
})

/** Put to a person when undoing an effect failed. */
export const failedUndoForm = reviewForm({
  name: 'undo-failed',
  shows: z.object({ action: z.string(), arguments: json, error: z.string() }),
  value: z.object({ undone: z.boolean() }),
  reasons: ['undone-by-hand', 'left-as-it-is'],
  firstLine: (shows) => `${shows.action} could not be undone.`,
})
