/**
 * How recent and how strong the authentication of a session must be for a sensitive operation (RFC
 * 9470).
 */
import type { StepUp } from '../db/session-guard'
import { FRESH_SECONDS } from '../limits'

/** Recent, with a second factor if the account has one: for changes of how the user signs in. */
export const FRESH = { fresh: FRESH_SECONDS, acr: 'enrolled' } as const satisfies StepUp

/** Recent, with two factors: for the removal of a second factor, and new recovery codes. */
export const FRESH_MFA = { fresh: FRESH_SECONDS, acr: 'mfa' } as const satisfies StepUp
