/** How a failure to send reads in the log. */

/** Failures by what an operator can do about them. */
export type FailureKind = 'quota' | 'recipient' | 'sender' | 'unavailable' | 'unknown'

const ADVICE: Record<FailureKind, string> = {
  quota: 'The quota of the mail provider is used up. Raise it, or wait until it is renewed.',
  recipient:
    'The provider does not deliver to this address: it bounced or complained before, or the plan allows verified addresses only.',
  sender: 'The provider does not accept the sender. Check MAIL_FROM, its domain and MAIL_API_KEY.',
  unavailable:
    'The provider did not answer in time or failed. The mail is lost; a person can ask for another one.',
  unknown: 'Look the code up in the documentation of the provider.',
}

/**
 * Codes of Cloudflare's Email Service (`E_…`) and of Resend.
 * https://developers.cloudflare.com/email-service/api/send-emails/workers-api/
 * https://resend.com/docs/api-reference/errors
 */
const KINDS: [RegExp, FailureKind][] = [
  [/^E_(?:RATE|DAILY)_LIMIT_EXCEEDED$|_quota_exceeded$|^rate_limit_exceeded$|^http_429$/, 'quota'],
  [/^E_RECIPIENT_(?:SUPPRESSED|NOT_ALLOWED)$/, 'recipient'],
  [/^E_SENDER_|_api_key$|^invalid_from_address$|^http_40[13]$/, 'sender'],
  [
    /^E_DELIVERY_FAILED$|^E_INTERNAL_|^timeout$|^unreachable$|^application_error$|^internal_server_error$|^http_5/,
    'unavailable',
  ],
]

/** The kind of failure of a code, with advice for the operator. */
export function explain(code: unknown): { kind: FailureKind; advice: string } {
  const kind = KINDS.find(([pattern]) => pattern.test(String(code)))?.[1] ?? 'unknown'
  return { kind, advice: ADVICE[kind] }
}
