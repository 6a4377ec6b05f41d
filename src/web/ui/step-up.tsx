/**
 * Confirms the identity of the user when the API asks for a recent or stronger proof (RFC 9470).
 */
import type { ComponentChildren } from 'preact'
import { createContext } from 'preact'
import { useContext, useEffect, useRef, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ApiProblem } from '../../client'
import { gatepost, session } from '../gatepost'
import { confirmWithPasskey, hasPasskeys } from '../passkeys'
import { Act } from './act'
import { type Factors, readFactors } from './factors'
import { Field, PasswordField } from './fields'
import { Form } from './form'
import { asProblem, useLoad } from './load'
import { Waiting as Loading } from './page'
import { type Provider, ProviderButtons } from './providers'

/** An act that waits for the confirmation of the user. */
interface Waiting {
  factors: Factors
  confirmed: () => void
  cancelled: (problem: ApiProblem) => void
  problem: ApiProblem
}
type Ask = (waiting: Omit<Waiting, 'factors'>) => void
const StepUpContext = createContext<Ask>(() => undefined)

/**
 * Returns a function that runs an act, asks the user to confirm if the API requires it, and then
 * runs the act again. It rejects with the problem of the act if the user cancels.
 */
export function useStepUp() {
  const ask = useContext(StepUpContext)
  return async <T,>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== 'step-up-required') throw error
      await new Promise<void>((confirmed, cancelled) =>
        ask({ confirmed, cancelled, problem: error }),
      )
      return act()
    }
  }
}

/** Holds the one dialog of the page, which offers the factors that the account has. */
export function StepUp({ children }: { children: ComponentChildren }) {
  const [waiting, setWaiting] = useState<Waiting | null>(null)
  async function ask(request: Omit<Waiting, 'factors'>) {
    try {
      setWaiting({ ...request, factors: await readFactors() })
    } catch (error) {
      request.cancelled(asProblem(error))
    }
  }
  function end(finish: (waiting: Waiting) => void) {
    if (waiting) finish(waiting)
    setWaiting(null)
  }
  return (
    <StepUpContext.Provider value={(request) => void ask(request)}>
      {children}
      {waiting && (
        <StepUpDialog
          factors={waiting.factors}
          done={() => end(({ confirmed }) => confirmed())}
          cancel={() => end(({ cancelled, problem }) => cancelled(problem))}
        />
      )}
    </StepUpContext.Provider>
  )
}

interface DialogProps {
  factors: Factors
  done: () => void
  cancel: () => void
}

/** The proofs that the API accepts from the account, and that this browser can give. */
function proofsOf({ totp, passkeys, recovery_codes_left, has_password }: Factors) {
  const hasFactor = totp || passkeys > 0
  const passkey = passkeys > 0 && hasPasskeys()
  const code = totp || recovery_codes_left > 0
  const password = has_password && !hasFactor
  return { passkey, code, password, none: !passkey && !code && !password }
}

function StepUpDialog({ factors, done, cancel }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const proofs = proofsOf(factors)
  return (
    <dialog ref={dialog} aria-labelledby="step-up" onCancel={cancel}>
      <h2 id="step-up">Confirm that it’s you</h2>
      <p>This change needs a recent confirmation.</p>
      {proofs.passkey && <PasskeyProof done={done} />}
      {proofs.code && <CodeProof hasApp={factors.totp} done={done} />}
      {proofs.password && <PasswordProof done={done} />}
      {proofs.none && <SignInAgain identities={factors.identities} />}
      <div class="row end">
        <button type="button" class="quiet" onClick={cancel}>
          Cancel
        </button>
      </div>
    </dialog>
  )
}

/** Signs in again where the account has no other proof. The page is shown again afterwards. */
function SignInAgain({ identities }: { identities: number }) {
  const { url } = useLocation()
  const connected = useLoad('identities', () => gatepost.identities.list(), 'always')
  if (identities > 0 && !connected.data && !connected.problem) return <Loading />
  const providers = (connected.data?.identities ?? [])
    .filter(({ usable }) => usable)
    .map(({ provider, label }) => ({ name: provider, label }))
  return (
    <>
      <p>Sign in again, then repeat the change within five minutes.</p>
      {providers.length > 0 ? (
        <ProviderButtons providers={unique(providers)} next={url} />
      ) : (
        <Act act={() => session.signOut()}>Sign in again</Act>
      )}
    </>
  )
}

const unique = (providers: Provider[]) =>
  providers.filter(({ name }, i) => providers.findIndex((other) => other.name === name) === i)

function PasskeyProof({ done }: { done: () => void }) {
  const [trouble, setTrouble] = useState('')
  return (
    <p>
      <button
        type="button"
        onClick={() =>
          confirmWithPasskey()
            .then(done)
            .catch((error) => setTrouble(asProblem(error).message))
        }
      >
        Use a passkey
      </button>
      {trouble && (
        <span class="error" role="alert">
          {trouble}
        </span>
      )}
    </p>
  )
}

const CodeProof = ({ hasApp, done }: { hasApp: boolean; done: () => void }) => (
  <Form
    label="Confirm"
    submit={async ({ code = '' }) => {
      await session.confirm({ code })
      done()
    }}
  >
    <CodeField hasApp={hasApp} />
  </Form>
)

const PasswordProof = ({ done }: { done: () => void }) => (
  <Form
    label="Confirm"
    submit={async ({ password = '' }) => {
      await session.confirm({ password })
      done()
    }}
  >
    <PasswordField name="password" label="Your password" autoComplete="current-password" />
  </Form>
)

/** A code of an authenticator app, or a recovery code. */
export const CodeField = ({ hasApp = true }: { hasApp?: boolean }) => (
  <Field
    name="code"
    label={hasApp ? 'Code' : 'Recovery code'}
    hint={
      hasApp
        ? '6 digits from your authenticator app, or a recovery code.'
        : 'Each works once. For when you do not have your passkey.'
    }
    required
    autoComplete="one-time-code"
    autoCapitalize="none"
    spellcheck={false}
    maxLength={64}
  />
)
