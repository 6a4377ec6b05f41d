/** Sign-in at identity providers: their buttons, and what went wrong there. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { gatepost, session } from '../gatepost'

export interface Provider {
  name: string
  label: string
}

/** The providers of the service; undefined until they are known. A failure offers none. */
export function useProviders(): Provider[] | undefined {
  const [providers, setProviders] = useState<Provider[]>()
  useEffect(() => {
    gatepost
      .identityProviders()
      .then(setProviders)
      .catch(() => setProviders([]))
  }, [])
  return providers
}

/** A provider within a sentence. The name comes from an address, so no other text is shown. */
export const labelOf = (name: string, providers: Provider[] = []) =>
  providers.find((provider) => provider.name === name)?.label ?? 'the provider'

interface ProviderButtonsProps {
  providers: Provider[]
  /** The page to show afterwards. */
  next: string
}

/** One button for each provider. It leaves the page. */
export const ProviderButtons = ({ providers, next }: ProviderButtonsProps) =>
  providers.length > 0 && (
    <div class="providers">
      {providers.map(({ name, label }) => (
        <button
          key={name}
          type="button"
          class="quiet"
          onClick={() => session.signInWithProvider(name, { next })}
        >
          Continue with {label}
        </button>
      ))}
    </div>
  )

/** The problems of a flow, by their codes in the address; `at` is the provider. */
const TEXTS: Record<string, (at: string) => ComponentChildren> = {
  'identity-refused': (at) =>
    `The sign-in at ${at} was cancelled. Try again, or choose another way.`,
  'identity-rejected': (at) =>
    `The sign-in at ${at} could not be verified. Try again, or choose another way.`,
  'provider-unavailable': (at) =>
    `A sign-in at ${at} is not possible at the moment. Try again later, or choose another way.`,
  'provider-unknown': () => 'This service does not offer that provider.',
  'identity-flow-ended': () =>
    'The sign-in took too long, or it began in another browser or tab. Start again.',
  'account-exists': (at) =>
    `An account with your email address exists. Sign in to it, then connect ${at} under Account → Security.`,
  'account-unproven': (at) => (
    <>
      An account has your email address and never confirmed it.{' '}
      <a href="/forgot">Reset its password</a> to take it over, then connect {at} under Account →
      Security.
    </>
  ),
  'identity-taken': (at) =>
    `Your account at ${at} is connected to another account here. Disconnect it there first.`,
  'too-many-identities': () => 'Your account has 20 connected accounts. Disconnect one first.',
  'email-not-verified': () =>
    'Confirm your email address first: open the link that was mailed to you.',
  'session-ended': () => 'Your session ended in the meantime. Connect the account again.',
}

interface ProviderProblemProps {
  code: string
  provider: string
  providers: Provider[]
}

/** The problem that a flow came back with. */
export const ProviderProblem = ({ code, provider, providers }: ProviderProblemProps) => (
  <p class="notice danger" role="alert">
    {Object.hasOwn(TEXTS, code)
      ? TEXTS[code]?.(labelOf(provider, providers))
      : 'That did not work. Try again, or choose another way.'}
  </p>
)
