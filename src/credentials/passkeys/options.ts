/** The options that a page passes to the browser (WebAuthn Level 3 §5.4, §5.5). */
import { CHALLENGE_MS, type ChallengePurpose, issueChallenge } from '../../security/challenge'
import type { Keyring } from '../../security/keyring'
import { COSE_ALGORITHMS } from '../../security/webauthn/cose-key'
import type { Settings } from '../../settings'
import { transportsOf } from './rules'
import type { CreationOptions, RequestOptions } from './schemas'
import type { KnownPasskey, PasskeyOwner } from './store'

/** The part of an actor that options depend on. */
interface Issuer {
  keys: Keyring
  settings: Settings
  now: Date
}

/** A registration belongs to one session of one user. */
export const registrationPurpose = (caller: { userId: number; sessionId: string }) =>
  `register:${caller.userId}:${caller.sessionId}` as const
export const confirmationPurpose = ({ sessionId }: { sessionId: string }) =>
  `confirm:${sessionId}` as const

/** The pages that may use the passkeys of this service. */
export const expectedOrigins = ({ appOrigin, allowedOrigins }: Settings): string[] => [
  appOrigin,
  ...allowedOrigins,
]

export async function creationOptions(
  { keys, settings, now }: Issuer,
  purpose: ChallengePurpose,
  owner: PasskeyOwner,
  existing: readonly KnownPasskey[],
): Promise<CreationOptions> {
  const { passkeyRpId: rpId } = settings
  return {
    // Clients do not show `rp.name`; the RP ID is the safe default (WebAuthn Level 3 §5.4.1).
    rp: { id: rpId, name: rpId },
    user: {
      id: owner.handle,
      name: owner.username,
      displayName: owner.fullName ?? owner.username,
    },
    challenge: await issueChallenge(keys, purpose, now),
    pubKeyCredParams: COSE_ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: CHALLENGE_MS,
    excludeCredentials: descriptorsOf(existing, rpId),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    attestation: 'none',
  }
}

/**
 * Options for an assertion. Without `allowed` the user picks the account in the browser, so the
 * options reveal nothing about any account (WebAuthn Level 3 §14.6.2).
 */
export async function requestOptions(
  { keys, settings, now }: Issuer,
  purpose: ChallengePurpose,
  allowed: readonly KnownPasskey[] = [],
): Promise<RequestOptions> {
  const { passkeyRpId: rpId } = settings
  return {
    challenge: await issueChallenge(keys, purpose, now),
    timeout: CHALLENGE_MS,
    rpId,
    allowCredentials: descriptorsOf(allowed, rpId),
    userVerification: 'required',
  }
}

/** Passkeys of a former RP ID are no use to a browser. */
const descriptorsOf = (known: readonly KnownPasskey[], rpId: string) =>
  known
    .filter((passkey) => passkey.rpId === rpId)
    .map(({ id, transports }) => ({
      type: 'public-key' as const,
      id,
      transports: transportsOf(transports),
    }))
