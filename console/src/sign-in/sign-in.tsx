import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { sentenceOf } from '../api/problem.ts'
import { sessionQuery, signIn } from '../api/session.ts'
import { fieldOf } from './field.ts'
import { Gate } from './gate.tsx'

/** A password, and back to where one wanted to go. */
export function SignIn(): React.JSX.Element {
  const { next } = useSearch({ from: '/sign-in' })
  const router = useRouter()
  const queries = useQueryClient()
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const send = async (form: FormData): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      await signIn(fieldOf(form, 'email'), fieldOf(form, 'password'))
      await queries.fetchQuery({ ...sessionQuery, staleTime: 0 }) // the answer of before was that nobody is
      router.history.push(next ?? '/')
    } catch (error) {
      setProblem(sentenceOf(error))
      setBusy(false)
    }
  }
  return (
    <Gate title="Sign in">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void send(new FormData(event.currentTarget))
        }}
      >
        <TextInput name="email" type="email" label="Email" autoComplete="username" required autoFocus />
        <PasswordInput name="password" label="Password" autoComplete="current-password" required />
        {problem && (
          <p className="bad" role="alert">
            {problem}
          </p>
        )}
        <Button type="submit" loading={isBusy}>
          Sign in
        </Button>
        <p className="dim">
          No password yet? <span className="mono">npm start</span> prints a link that is good for ten minutes.
        </p>
      </form>
    </Gate>
  )
}
