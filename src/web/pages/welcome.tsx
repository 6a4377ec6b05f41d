/** A new user comes from an identity provider, and chooses a username. */
import { useLayoutEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ApiProblem } from '../../client'
import { session, useSession } from '../gatepost'
import { explain } from '../ui/explain'
import { Field, UsernameField } from '../ui/fields'
import { Form } from '../ui/form'
import { say } from '../ui/messages'
import { safeNext } from '../ui/next-path'
import { Page } from '../ui/page'
import { labelOf, type Provider, ProviderButtons, useProviders } from '../ui/providers'

/** The claims of the provider, and their sealed proof, which works once and for 15 minutes. */
interface Offer {
  registration: string
  provider: string
  email: string
  isEmailProven: boolean
  name: string
  next: string
}

/** The fragment, which the entry of the history keeps: a reload needs it. */
function fragmentOfPage(): string {
  const state: unknown = history.state
  const kept = state instanceof Object && 'welcome' in state ? String(state.welcome) : ''
  return location.hash.slice(1) || kept
}

function readOffer(fragment: string): Offer | null {
  const given = new URLSearchParams(fragment)
  const text = (name: string) => given.get(name) ?? ''
  const registration = text('registration')
  if (!registration) return null
  return {
    registration,
    provider: text('provider'),
    email: text('email'),
    isEmailProven: text('email_verified') === 'true',
    name: text('name'),
    next: safeNext(text('next')),
  }
}

type Step =
  | { kind: 'form' }
  /** The account exists, and its address must be confirmed before a sign-in. */
  | { kind: 'mailed'; email: string }
  | { kind: 'ended'; problem: ApiProblem }

/** After these, only another sign-in at the provider helps. */
const ENDED = ['registration-ended', 'identity-taken', 'identity-rejected', 'provider-unknown']

export function Welcome() {
  const [fragment] = useState(fragmentOfPage)
  const [offer] = useState(() => readOffer(fragment))
  const [step, setStep] = useState<Step>({ kind: 'form' })
  const providers = useProviders()
  useLayoutEffect(() => {
    if (location.hash) history.replaceState({ welcome: fragment }, '', location.pathname)
  }, [fragment])
  if (step.kind === 'mailed') {
    return (
      <Page title="Confirm your email" lead={`We sent an email to ${step.email}.`}>
        <p>Open the link in it, then sign in.</p>
        <a class="button" href="/sign-in">
          Sign in
        </a>
      </Page>
    )
  }
  if (!offer || step.kind === 'ended') {
    return (
      <div class="narrow">
        <Page
          title="Sign in again"
          lead={step.kind === 'ended' ? explain(step.problem) : 'This page follows a sign-in.'}
        >
          <ProviderButtons
            providers={(providers ?? []).filter(({ name }) => !offer || name === offer.provider)}
            next={offer?.next ?? '/'}
          />
          <p>
            <a href="/sign-in">Back to sign-in</a>
          </p>
        </Page>
      </div>
    )
  }
  return (
    <div class="narrow">
      <NewAccount
        offer={offer}
        providers={providers}
        mailed={(email) => setStep({ kind: 'mailed', email })}
        ended={(problem) => setStep({ kind: 'ended', problem })}
      />
    </div>
  )
}

interface NewAccountProps {
  offer: Offer
  providers: Provider[] | undefined
  mailed: (email: string) => void
  ended: (problem: ApiProblem) => void
}

function NewAccount({ offer, providers, mailed, ended }: NewAccountProps) {
  const { route } = useLocation()
  const state = useSession()
  const [email, setEmail] = useState(offer.email)
  const label = labelOf(offer.provider, providers)
  const isProven = offer.isEmailProven && email.trim() === offer.email
  async function register(values: Record<string, string>) {
    const { username = '', email = '', full_name = '' } = values
    const { registration, provider, next } = offer
    const body = { registration, username, email, full_name }
    try {
      await session.registerWithProvider(provider, body)
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      if (error.code === 'email-not-verified') return mailed(email)
      if (ENDED.includes(error.code)) return ended(error)
      throw error
    }
    say(isProven ? 'Welcome!' : `Welcome! A mail to ${email} asks you to confirm the address.`)
    route(next, true)
  }
  return (
    <Page title="Welcome" lead={`You are signed in at ${label}. Choose your name here.`}>
      {state.status === 'signed-in' && (
        <p class="notice">
          You are signed in as {state.user.username}. This creates another account.
        </p>
      )}
      <Form label="Create account" submit={register}>
        <UsernameField />
        <Field
          name="email"
          label="Email"
          hint={
            isProven
              ? `Confirmed by ${label}. Only you and admins see it.`
              : 'Only you and admins see it. We send an email to confirm it.'
          }
          type="email"
          required
          autoComplete="email"
          value={email}
          onInput={(event) => setEmail(event.currentTarget.value)}
        />
        <Field
          name="full_name"
          label="Name (optional)"
          maxLength={100}
          autoComplete="name"
          defaultValue={offer.name}
        />
      </Form>
      <p class="muted">
        Have an account? <a href="/sign-in">Sign in</a>, then connect {label} under Account →
        Security.
      </p>
    </Page>
  )
}
