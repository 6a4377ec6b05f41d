/** The second step of a sign-in. */
import { useState } from 'preact/hooks'
import { ApiProblem } from '../../client'
import { session } from '../gatepost'
import { asPasskeyProblem, completeWithPasskey, hasPasskeys } from '../passkeys'
import { Act } from '../ui/act'
import { Form } from '../ui/form'
import { asProblem } from '../ui/load'
import { Page } from '../ui/page'
import { CodeField } from '../ui/step-up'

/** A correct first factor whose second factor is still missing. */
export interface PendingSignIn {
  token: string
  methods: string[]
}

/** The pending sign-in that a problem carries, or null. */
export function pendingOf(error: unknown): PendingSignIn | null {
  if (!(error instanceof ApiProblem) || error.code !== 'second-factor-required') return null
  const { pending_token, methods } = error.body
  const known = Array.isArray(methods) ? methods.map(String) : []
  return { token: String(pending_token), methods: known }
}

/** Why a passkey was not used, for the user. */
export const passkeyTrouble = (error: unknown) => asProblem(asPasskeyProblem(error)).message

interface SecondStepProps {
  pending: PendingSignIn
  /** Back to the first step, also when the pending sign-in has ended. */
  restart: () => void
  /** Called when the user is signed in. */
  done?: () => void
}

export function SecondStep({ pending: { token, methods }, restart, done }: SecondStepProps) {
  const [trouble, setTrouble] = useState('')
  const hasPasskey = methods.includes('passkey') && hasPasskeys()
  const takesCode = methods.some((method) => method === 'totp' || method === 'recovery')
  return (
    <Page title="Second step" lead="Your account has a second factor. Confirm that it’s you.">
      {takesCode && (
        <Form
          label="Continue"
          submit={async ({ code = '' }) => {
            await session.signInWithCode(token, code)
            done?.()
          }}
        >
          <CodeField />
        </Form>
      )}
      {hasPasskey && (
        <Act
          act={() =>
            completeWithPasskey(token)
              .then(() => done?.())
              .catch((error) => setTrouble(passkeyTrouble(error)))
          }
        >
          Use a passkey
        </Act>
      )}
      {trouble && (
        <p class="notice danger" role="alert">
          {trouble}
        </p>
      )}
      <p>
        <button type="button" class="quiet" onClick={restart}>
          Start over
        </button>
      </p>
    </Page>
  )
}
