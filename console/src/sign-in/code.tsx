import { Button, PasswordInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { sentenceOf } from '../api/problem.ts'
import { redeemCode, sessionQuery } from '../api/session.ts'
import { fieldOf } from './field.ts'
import { Gate } from './gate.tsx'

/** The first password, or a new one: whoever holds the code of the link is let in, once. */
export default function Code({ code }: { readonly code: string | undefined }): React.JSX.Element {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  if (code === undefined)
    return (
      <Gate title="This link has no code">
        <p>
          Its code is taken out of the address once the page has opened. Open the link again, ask for a new one, or{' '}
          <Link to="/sign-in">sign in</Link>.
        </p>
      </Gate>
    )
  const send = async (form: FormData): Promise<void> => {
    const [password, again] = [fieldOf(form, 'password'), fieldOf(form, 'again')]
    if (password !== again) return setProblem('The two passwords differ.')
    setBusy(true)
    setProblem(undefined)
    try {
      await redeemCode(code, password)
      await queries.fetchQuery({ ...sessionQuery, staleTime: 0 }) // the answer of before was that nobody is
      await navigate({ to: '/' })
    } catch (error) {
      setProblem(sentenceOf(error))
      setBusy(false)
    }
  }
  return (
    <Gate title="Choose a password">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void send(new FormData(event.currentTarget))
        }}
      >
        <PasswordInput
          name="password"
          label="Password"
          description="At least 12 characters."
          autoComplete="new-password"
          minLength={12}
          required
          autoFocus
        />
        <PasswordInput name="again" label="Once more" autoComplete="new-password" required />
        {problem && (
          <p className="bad" role="alert">
            {problem}
          </p>
        )}
        <Button type="submit" loading={isBusy}>
          Go on
        </Button>
      </form>
    </Gate>
  )
}
