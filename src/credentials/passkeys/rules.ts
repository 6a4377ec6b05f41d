/** The number and the names of passkeys, and why a registration is rejected. Pure. */
import type { RejectionReason } from '../../security/webauthn/webauthn'

/** Passkeys of an account. Each one is a way to sign in, so their number is bounded. */
export const MAX_PASSKEYS = 20

/** The list of the text in D1. */
export const transportsOf = (text: string): string[] => text.split(' ').filter(Boolean)

const REMOVABLE = ['usb', 'nfc', 'ble', 'smart-card']

/** The name of a passkey that got none. Its own hints decide, and nothing is derived from them. */
export function defaultName(passkey: {
  backupEligible: boolean
  transports: readonly string[]
}): string {
  const { backupEligible, transports } = passkey
  if (backupEligible) return 'Synced passkey'
  return transports.some((transport) => REMOVABLE.includes(transport))
    ? 'Security key'
    : 'Device passkey'
}

/** Why a registration was rejected, for the user who asked for it. */
export type RegistrationRejection = RejectionReason | 'invalid-challenge'

const CHALLENGE = 'The challenge has expired, was used, or is of another session.'
const MALFORMED = 'The answer of the browser is malformed.'
const AGAIN = 'Request new options and try again.'

/** A sentence for each rule that a registration can break. */
const SENTENCES: Partial<Record<RegistrationRejection, string>> = {
  'invalid-challenge': CHALLENGE,
  'wrong-challenge': CHALLENGE,
  'wrong-type': 'The answer of the browser is no registration.',
  'wrong-origin': 'The page has an origin that is neither APP_ORIGIN nor in ALLOWED_ORIGINS.',
  'cross-origin': 'The page is in a frame of another site.',
  'wrong-rp-id': 'The passkey is for another domain.',
  'user-not-present': 'The authenticator did not ask for the presence of the user.',
  'user-not-verified': 'The authenticator did not verify the user. Set a PIN or a screen lock.',
  'unsupported-algorithm': 'The authenticator supports none of the requested algorithms.',
  'invalid-public-key': 'The public key of the passkey is invalid.',
}

/** The detail of the problem of a rejected registration. */
export const rejectionDetail = (reason: RegistrationRejection): string =>
  `${SENTENCES[reason] ?? MALFORMED} ${AGAIN}`
