/**
 * Passkeys in the browser. `@simplewebauthn/browser` converts between JSON and buffers also where a
 * password manager replaces the browser's own functions.
 */
import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
  WebAuthnAbortService,
} from '@simplewebauthn/browser'
import { ApiProblem } from '../client'
import { gatepost, session } from './gatepost'

export const hasPasskeys = () => browserSupportsWebAuthn()

const signInOptions = () =>
  gatepost.fetch('POST /api/passkeys/sign-in-options', { anonymous: true })

/** The user closed the dialog, or the browser found no passkey. */
export const isCancelled = (error: unknown) =>
  error instanceof Error && ['NotAllowedError', 'AbortError'].includes(error.name)

/** Turns an error of the browser into a problem with a text for the user. */
export function asPasskeyProblem(error: unknown): unknown {
  if (error instanceof ApiProblem || !(error instanceof Error)) return error
  const detail = TEXTS[error.name]
  return detail ? new ApiProblem(0, { title: 'Passkey not used', detail }, { cause: error }) : error
}
const TEXTS: Record<string, string> = {
  NotAllowedError: 'The passkey was not used. Try again.',
  AbortError: 'The passkey was not used. Try again.',
  InvalidStateError: 'This device already has a passkey for your account.',
  SecurityError: 'Passkeys do not work at this address. Open the page at its own domain.',
}

/** Signs in with a passkey that the user picks. */
export async function signInWithPasskey() {
  const credential = await startAuthentication({ optionsJSON: await signInOptions() })
  await signInWith(credential)
}

async function signInWith(credential: Assertion) {
  try {
    await session.signInWith('POST /api/session/passkey', { credential })
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'passkey-unknown') await forget(credential.id)
    throw error
  }
}
type Assertion = Awaited<ReturnType<typeof startAuthentication>>

/** Tells the browser that the service does not know a passkey, so that it is not offered again. */
async function forget(credentialId: string) {
  const { signalUnknownCredential } = PublicKeyCredential as Signals
  const rpId = location.hostname
  await signalUnknownCredential?.call(PublicKeyCredential, { rpId, credentialId }).catch(() => {})
}

/** Functions of WebAuthn Level 3 §5.1.10, which not every browser has. */
interface Signals {
  signalUnknownCredential?: (options: { rpId: string; credentialId: string }) => Promise<void>
  signalAllAcceptedCredentials?: (options: {
    rpId: string
    userId: string
    allAcceptedCredentialIds: string[]
  }) => Promise<void>
}

/**
 * Offers passkeys in the autofill of the login field, until the returned function is called. A
 * failed attempt is reported and the offer is made again.
 */
export function offerPasskeys(failed: (error: unknown) => void): () => void {
  let isOver = false
  async function offer() {
    if (!(await browserSupportsWebAuthnAutofill()) || isOver) return
    try {
      const optionsJSON = await signInOptions()
      if (isOver) return
      await signInWith(await startAuthentication({ optionsJSON, useBrowserAutofill: true }))
    } catch (error) {
      // Another use of a passkey has taken its place, or the page is about to be replaced.
      if (isOver || isCancelled(error) || !hasLoginField()) return
      failed(error)
      return offer()
    }
  }
  void offer()
  return () => {
    isOver = true
    WebAuthnAbortService.cancelCeremony()
  }
}

/** The field whose autofill offers passkeys. */
const hasLoginField = () => document.querySelector('input[autocomplete$="webauthn"]') !== null

/** Uses a passkey as the second factor of a sign-in. */
export async function completeWithPasskey(pendingToken: string) {
  const credential = await startAuthentication({ optionsJSON: await signInOptions() })
  const body = { pending_token: pendingToken, credential }
  await session.signInWith('POST /api/session/factor', body)
}

/** Confirms the identity of the signed-in user. */
export async function confirmWithPasskey() {
  try {
    const optionsJSON = await gatepost.fetch('POST /api/session/confirm/options')
    await session.confirm({ credential: await startAuthentication({ optionsJSON }) })
  } catch (error) {
    throw asPasskeyProblem(error)
  }
}

/** Creates a passkey on this device or on another one. */
export async function addPasskey() {
  const optionsJSON = await gatepost.fetch('POST /api/users/me/passkeys/options')
  try {
    const credential = await startRegistration({ optionsJSON })
    return await gatepost.fetch('POST /api/users/me/passkeys', { body: { credential } })
  } catch (error) {
    throw asPasskeyProblem(error)
  }
}

/** Tells the browser which passkeys the account has, so that it hides the removed ones. */
export async function signalAccepted(rpId: string, userHandle: string, ids: string[]) {
  const { signalAllAcceptedCredentials } = PublicKeyCredential as Signals
  const accepted = { rpId, userId: userHandle, allAcceptedCredentialIds: ids }
  await signalAllAcceptedCredentials?.call(PublicKeyCredential, accepted).catch(() => {})
}
