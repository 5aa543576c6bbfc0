import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, bodyOf } from '../api/client.ts'
import { sentenceOf } from '../api/problem.ts'

interface PauseProps {
  readonly pipeline: string
  readonly isPaused: boolean
}

/** No new run starts while it is paused; what comes in is accepted and waits. So it needs no question: the same button takes it back. */
export function PauseButton({ isPaused, pipeline }: PauseProps): React.JSX.Element {
  const queries = useQueryClient()
  const turn = useMutation({
    mutationFn: () => {
      const params = { params: { path: { pipeline } } }
      return bodyOf(
        isPaused
          ? api.POST('/api/v1/pipelines/{pipeline}/resume', params)
          : api.POST('/api/v1/pipelines/{pipeline}/pause', params),
      )
    },
    onSuccess: () =>
      notifications.show({
        message: isPaused ? `${pipeline} takes runs again.` : `${pipeline} is paused: what comes in waits.`,
        color: 'race',
      }),
    onError: (error) =>
      notifications.show({ title: 'This did not work', message: sentenceOf(error), color: 'red', autoClose: false }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['pipelines'] }),
  })
  return (
    <Button
      size="compact-sm"
      variant={isPaused ? 'filled' : 'default'}
      loading={turn.isPending}
      onClick={() => turn.mutate()}
      aria-label={`${isPaused ? 'Resume' : 'Pause'} ${pipeline}`}
    >
      {isPaused ? 'Resume' : 'Pause'}
    </Button>
  )
}
