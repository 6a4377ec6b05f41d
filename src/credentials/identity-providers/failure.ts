/** Why a flow at an identity provider failed: for the user, and for the log. */
import * as oauth from 'oauth4webapi'
import { MetadataMissing } from './discovery'

export interface FlowFailure {
  kind: 'failed'
  /** The problem that the page shows. */
  problem: 'identity-refused' | 'identity-rejected' | 'provider-unavailable'
  /** For the log. Names codes of protocols, and no value that was sent. */
  reason: string
}

/** The user did not agree, or closed the page of the provider. */
const REFUSALS = [
  'access_denied',
  'user_cancelled_authorize', // Apple
  'consent_required',
  'interaction_required',
  'login_required',
]
const OUTAGES = ['server_error', 'temporarily_unavailable']
/** The provider responded with something other than the protocol. */
const BROKEN_RESPONSES: unknown[] = [
  oauth.RESPONSE_IS_NOT_CONFORM,
  oauth.RESPONSE_IS_NOT_JSON,
  oauth.PARSE_ERROR,
  oauth.MISSING_SERVER_METADATA,
  oauth.INVALID_SERVER_METADATA,
  oauth.HTTP_REQUEST_FORBIDDEN,
  oauth.REQUEST_PROTOCOL_FORBIDDEN,
]

/** The failure that an error of oauth4webapi, or of a request, stands for. */
export function failureOf(error: unknown): FlowFailure {
  if (error instanceof MetadataMissing) {
    const why = error.cause === undefined ? 'another issuer' : failureOf(error.cause).reason
    return failed('provider-unavailable', `metadata: ${why}`)
  }
  if (error instanceof oauth.AuthorizationResponseError) {
    const reason = `authorization response: ${codeOf(error.error)}`
    if (REFUSALS.includes(error.error)) return failed('identity-refused', reason)
    const isOutage = OUTAGES.includes(error.error)
    return failed(isOutage ? 'provider-unavailable' : 'identity-rejected', reason)
  }
  if (error instanceof oauth.ResponseBodyError) {
    const reason = `token response: ${codeOf(error.error)}`
    // Any other code is about the client, so the settings are wrong.
    const isOfCode = error.error === 'invalid_grant'
    return failed(isOfCode ? 'identity-rejected' : 'provider-unavailable', reason)
  }
  if (
    error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.UnsupportedOperationError
  ) {
    const isBroken = BROKEN_RESPONSES.includes(error.code)
    return failed(isBroken ? 'provider-unavailable' : 'identity-rejected', codeOf(error.code))
  }
  return failed('provider-unavailable', error instanceof Error ? codeOf(error.name) : 'unknown')
}

export const failed = (problem: FlowFailure['problem'], reason: string): FlowFailure => ({
  kind: 'failed',
  problem,
  reason,
})

/** A text with the form of a code. Other texts are not logged, since they may contain anything. */
const codeOf = (text: unknown) => /^[\w-]{1,60}$/.exec(String(text))?.[0] ?? 'other'
