/** Adds a passkey to the account of the caller. */
import type { CallerContext } from '../../context'
import { logRejectedPasskey, logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { passkeyAdded } from '../../mail/texts'
import { type Challenge, readChallenge } from '../../security/challenge'
import { generateRecoveryCodes } from '../../security/recovery-code'
import { type VerifiedRegistration, verifyRegistration } from '../../security/webauthn/webauthn'
import { presentedChallenge } from '../../security/webauthn/webauthn-response'
import { RECOVERY_CODES } from '../recovery-codes/store'
import { expectedOrigins, registrationPurpose } from './options'
import { defaultName, type RegistrationRejection, rejectionDetail } from './rules'
import { type RegisteredPasskey, type RegistrationCredential, viewPasskey } from './schemas'
import { addPasskey, findOwner } from './store'

export type Registered =
  | { kind: 'added'; passkey: RegisteredPasskey }
  /** `detail` names the broken rule. */
  | { kind: 'rejected'; detail: string }
  | { kind: 'taken' }
  | { kind: 'too-many' }
  | { kind: 'unproven' }

/**
 * Verifies a registration and stores the passkey. One round trip.
 * @throws SessionEnded, StepUpRequired
 */
export async function registerPasskey(
  c: CallerContext,
  credential: RegistrationCredential,
  name: string | undefined,
): Promise<Registered> {
  const { actor } = c.var
  const verified = await verify(c, credential)
  if (verified.kind === 'rejected') {
    // A session that has ended and an unproven address are reported first.
    const owner = await findOwner(actor)
    return owner.emailVerified ? reject(c, verified.reason) : { kind: 'unproven' }
  }
  const { registration, challenge } = verified
  const { codes, hashes } = await generateRecoveryCodes(RECOVERY_CODES)
  const result = await addPasskey(
    actor,
    { verified: registration, name: name ?? defaultName(registration), challenge },
    hashes,
  )
  if (result.kind === 'challenge-used') return reject(c, 'invalid-challenge')
  if (result.kind !== 'added') return result
  logSecurity(c, 'passkey_added', actor.caller.userId, actor.caller.sessionId)
  if (result.hasNewCodes)
    logSecurity(c, 'recovery_codes_made', actor.caller.userId, actor.caller.sessionId)
  const { appOrigin, passkeyRpId } = actor.settings
  if (result.mayNotify) mailLater(c, passkeyAdded(appOrigin, result.owner))
  const recovery_codes = result.hasNewCodes ? codes : null
  return { kind: 'added', passkey: { ...viewPasskey(result.row, passkeyRpId), recovery_codes } }
}

function reject(c: CallerContext, reason: RegistrationRejection): Registered {
  logRejectedPasskey(c, reason, c.var.caller)
  return { kind: 'rejected', detail: rejectionDetail(reason) }
}

type Verified =
  | { kind: 'verified'; registration: VerifiedRegistration; challenge: Challenge }
  | { kind: 'rejected'; reason: RegistrationRejection }

async function verify(c: CallerContext, credential: RegistrationCredential): Promise<Verified> {
  const { keys, now, settings, caller } = c.var
  const expectedChallenge = presentedChallenge(credential)
  const challenge =
    expectedChallenge &&
    (await readChallenge(keys, expectedChallenge, registrationPurpose(caller), now))
  if (!challenge) return { kind: 'rejected', reason: 'invalid-challenge' }
  const registration = await verifyRegistration({
    credential,
    expectedChallenge,
    expectedOrigins: expectedOrigins(settings),
    rpId: settings.passkeyRpId,
  })
  return registration.kind === 'verified'
    ? { kind: 'verified', registration, challenge }
    : registration
}
