/** Sign-in by a mailed link: the page that asks for one, and the page that it opens. */
import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { ApiProblem } from '../../client'
import { gatepost, session, useMe, useSession } from '../gatepost'
import { Field } from '../ui/fields'
import { Form } from '../ui/form'
import { asProblem } from '../ui/load'
import { Page, Trouble } from '../ui/page'
import { NoToken, useMailedToken } from './mailed-token'
import { type PendingSignIn, pendingOf, SecondStep } from './second-step'

type Sent = Awaited<ReturnType<typeof gatepost.requestSignInLink>>

export function AskForLink() {
  const { route } = useLocation()
  const isIn = useSession().status === 'signed-in'
  const [sent, setSent] = useState<Sent | null>(null)
  // Also runs when the link signs in another tab.
  useEffect(() => {
    if (isIn) route('/', true)
  }, [isIn, route])
  return (
    <div class="narrow">
      {sent ? (
        <LinkSent {...sent} />
      ) : (
        <Page title="Sign in by email" lead="We send you a link that signs you in once.">
          <Form
            label="Email me a sign-in link"
            submit={async ({ email = '' }) => setSent(await gatepost.requestSignInLink(email))}
          >
            <Field name="email" label="Email" type="email" required autoComplete="email" />
          </Form>
          <p>
            <a href="/sign-in">Back to sign-in</a>
          </p>
        </Page>
      )}
    </div>
  )
}

const LinkSent = ({ message, code }: Sent) => (
  <Page title="Check your email">
    <div role="status">
      <p class="notice good">{message}</p>
      <p>Open the link in this browser. It works once, for 10 minutes.</p>
      <p>If it opens in another browser or on another device, enter this code there:</p>
      <p class="link-code">{`${code.slice(0, 3)} ${code.slice(3)}`}</p>
    </div>
    <p class="muted">
      No email? Check your spam folder. Only a confirmed address gets a link. You can also{' '}
      <a href="/forgot">reset your password</a>.
    </p>
  </Page>
)

type Step =
  | { kind: 'click' | 'code' }
  | { kind: 'second-factor'; pending: PendingSignIn }
  | { kind: 'failed'; problem: ApiProblem }

/** Signs in on a click: a mail scanner loads this page and runs its scripts. */
export function UseLink() {
  const token = useMailedToken()
  const { route } = useLocation()
  const me = useMe()
  const [step, setStep] = useState<Step>({ kind: 'click' })
  const done = () => route('/')

  /** Rejects with what the form of the code shows. */
  async function use(code?: string) {
    try {
      await session.signInWithLink(token, code)
      done()
    } catch (error) {
      const pending = pendingOf(error)
      const problem = asProblem(error)
      if (pending) setStep({ kind: 'second-factor', pending })
      else if (problem.code === 'link-code-required') setStep({ kind: 'code' })
      else if (code === undefined || problem.code === 'invalid-token')
        setStep({ kind: 'failed', problem })
      else throw problem
    }
  }

  if (!token)
    return <NoToken title="Sign in by email" href="/sign-in/email" label="Get a new link" />
  switch (step.kind) {
    case 'click':
      return (
        <div class="narrow">
          <Page title="Sign in by email" lead="The link from your email signs you in here.">
            {me && (
              <p class="notice">You are signed in as {me.username}. This ends that session.</p>
            )}
            <Form label="Sign in" submit={() => use()} />
          </Page>
        </div>
      )
    case 'code':
      return (
        <div class="narrow">
          <Page title="Enter the code" lead="You asked for the link in another browser.">
            <Form label="Sign in" submit={({ code = '' }) => use(code)}>
              <Field
                name="code"
                label="Code"
                hint="The 6 digits of the page where you asked for the link."
                required
                autoComplete="off"
                maxLength={20}
              />
            </Form>
            <p class="muted">
              Did you not ask for a link? Close this page: nothing happens without the code.
            </p>
          </Page>
        </div>
      )
    case 'second-factor':
      return (
        <div class="narrow">
          <SecondStep pending={step.pending} restart={() => route('/sign-in/email')} done={done} />
        </div>
      )
    case 'failed':
      return (
        <Page title="Sign in by email">
          {step.problem.code === 'invalid-token' ? (
            <>
              <Trouble problem={step.problem} />
              <a class="button" href="/sign-in/email">
                Get a new link
              </a>
            </>
          ) : (
            <Trouble problem={step.problem} again={() => setStep({ kind: 'click' })} />
          )}
        </Page>
      )
  }
}
