import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, bodyOf } from '../api/client.ts'
import { sentenceOf } from '../api/problem.ts'
import type { RunView } from './run-page.tsx'

const orders = {
  cancel: {
    name: 'Cancel the run',
    confirm: 'It stops where it is, and what it has done and can undo is undone.',
    done: 'The run is being cancelled.',
    color: 'red',
  },
  resume: { name: 'Resume', confirm: undefined, done: 'The run goes on.', color: 'race' },
  release: {
    name: 'Release',
    confirm: 'What was decided is done now, outside of Millrace.',
    done: 'The run is released.',
    color: 'race',
  },
} as const

/** What may be ordered of a run in its state; the server decides whether this person may. */
export function RunActions({ run }: { readonly run: RunView }): React.JSX.Element {
  const isOpen = run.ended === undefined
  return (
    <>
      {run.status === 'paused' && <Order run={run.run} is="resume" />}
      {run.isHeld && isOpen && (
        <Order run={run.waitsFor?.kind === 'release' ? run.waitsFor.run : run.run} is="release" />
      )}
      {isOpen && <Order run={run.run} is="cancel" />}
    </>
  )
}

function Order({ is, run }: { readonly is: keyof typeof orders; readonly run: string }): React.JSX.Element {
  const { color, confirm, done, name } = orders[is]
  const [isAsking, setAsking] = useState(false)
  const queries = useQueryClient()
  const order = useMutation({
    mutationFn: () => bodyOf<unknown>(api.POST(`/api/v1/runs/{run}/${is}`, { params: { path: { run } } })),
    onSuccess: () => notifications.show({ message: done, color: 'race' }),
    onError: (error) =>
      notifications.show({ title: 'This did not work', message: sentenceOf(error), color: 'red', autoClose: false }),
    onSettled: () => {
      setAsking(false)
      void queries.invalidateQueries({ queryKey: ['run', run] })
    },
  })
  if (isAsking)
    return (
      <div className="confirm" role="group" aria-label={name}>
        <span>{confirm}</span>
        <Button size="xs" color={color} loading={order.isPending} onClick={() => order.mutate()} autoFocus>
          {name}
        </Button>
        <Button size="xs" variant="default" onClick={() => setAsking(false)}>
          No
        </Button>
      </div>
    )
  return (
    <Button
      size="xs"
      variant={is === 'cancel' ? 'default' : 'filled'}
      loading={order.isPending}
      onClick={() => (confirm === undefined ? order.mutate() : setAsking(true))}
    >
      {name}
    </Button>
  )
}
